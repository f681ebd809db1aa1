// The collection as a grid, newest first. Only the rows that can be seen exist as elements, so that
// 50,000 images scroll like 50; pages of the list are asked for as they come near.

import { events, getSession, listImages, ServiceError } from "../api.js";
import { element } from "../dom.js";
import { showDetails } from "../details.js";
import { thumbnail } from "../pictures.js";
import { texts } from "../texts.js";

const PAGE_SIZE = 500;
const LEAST_CELL = 148; // pixels
const GAP = 8; // pixels
const ROWS_AROUND = 4;

/** @type {import("../main.js").View} */
export function lookView(place, session) {
  /** @type {import("../api.js").ListedImage[]} */
  let images = [];
  /** @type {string | null | undefined} */
  let next;
  let isLoading = false;
  let isOver = false;
  let isBroken = false;
  let hasLeft = false;
  let columns = 1;
  let cell = LEAST_CELL;

  const count = element("span", { class: "count" });
  const grid = element("div", { class: "grid", role: "list", tabindex: "-1" });
  place.append(element("div", { class: "bar" }, element("h1", {}, texts.look.title), count), grid);
  if (!session.has_thumbnails) grid.before(element("p", { class: "hint" }, texts.look.noThumbnails(session.collection_id)));
  showCount(session.image_count);
  // Other views, and others, have added and deleted meanwhile.
  void getSession().then((current) => {
    session.image_count = current.image_count;
    if (!hasLeft && !isOver) showCount(session.image_count);
  }, () => undefined);

  /** @type {Map<number, HTMLElement>} */
  const shown = new Map();

  /** @param {number} total */
  function showCount(total) {
    count.textContent = texts.look.count(total);
  }

  async function load() {
    if (isLoading || isOver || isBroken) return;
    isLoading = true;
    try {
      const page = await listImages(next ?? undefined, PAGE_SIZE);
      images = images.concat(page.images);
      next = page.next_image_id;
      isOver = next === null;
      if (isOver) showCount(images.length);
      if (images.length === 0) showEmpty();
    } catch (error) {
      // An image that was deleted meanwhile cannot begin a page: begin again, from the newest.
      if (!(error instanceof ServiceError)) throw error;
      if (error.status === 404 && next) {
        images = [];
        next = undefined;
      } else if (error.mayPass) {
        await new Promise((resolve) => setTimeout(resolve, 1000 * (error.retryAfter ?? 2)));
      } else {
        isBroken = true;
        showBroken(error.message);
        return;
      }
    } finally {
      isLoading = false;
    }
    if (!hasLeft) arrange();
  }

  /** @param {string} message */
  function showBroken(message) {
    const retry = () => {
      isBroken = false;
      notice.remove();
      void load();
    };
    const notice = element(
      "p", { class: "error", role: "alert" }, message, " ", element("button", { onclick: retry }, texts.retry),
    );
    grid.before(notice);
  }

  function showEmpty() {
    grid.replaceChildren(
      element("p", { class: "empty" }, texts.look.empty, " ", element("a", { href: "#/add" }, texts.look.emptyAction)),
    );
  }

  function arrange() {
    if (images.length === 0) {
      void load();
      return;
    }
    const width = grid.clientWidth;
    columns = Math.max(3, Math.floor((width + GAP) / (LEAST_CELL + GAP)));
    cell = (width - GAP * (columns - 1)) / columns;
    const total = isOver ? images.length : Math.max(images.length, session.image_count);
    grid.style.height = `${Math.ceil(total / columns) * (cell + GAP)}px`;
    for (const [index, tile] of shown) setPlace(tile, index);
    draw();
  }

  /** @param {HTMLElement} tile @param {number} index */
  function setPlace(tile, index) {
    const [x, y] = [(index % columns) * (cell + GAP), Math.floor(index / columns) * (cell + GAP)];
    tile.style.transform = `translate(${x}px, ${y}px)`;
    tile.style.width = tile.style.height = `${cell}px`;
  }

  function draw() {
    const top = -grid.getBoundingClientRect().top;
    const firstRow = Math.max(0, Math.floor(top / (cell + GAP)) - ROWS_AROUND);
    const lastRow = Math.ceil((top + innerHeight) / (cell + GAP)) + ROWS_AROUND;
    const [first, last] = [firstRow * columns, Math.min(lastRow * columns, images.length)];
    for (const [index, tile] of shown) {
      if (index < first || index >= last) {
        tile.remove();
        shown.delete(index);
      }
    }
    for (let index = first; index < last; index++) {
      if (!shown.has(index)) show(index);
    }
    if (lastRow * columns >= images.length - PAGE_SIZE / 2) void load();
  }

  /** @param {number} index */
  function show(index) {
    const image = images[index];
    const tile = element(
      "button",
      {
        class: "tile",
        role: "listitem",
        "data-index": index,
        title: image.id,
        "aria-label": image.id,
        onclick: () => showDetails(image.id, session, remove),
      },
      thumbnail(image, session.has_thumbnails),
    );
    setPlace(tile, index);
    shown.set(index, tile);
    grid.append(tile);
  }

  /** @param {string} imageId */
  function remove(imageId) {
    const index = images.findIndex((image) => image.id === imageId);
    const removed = index < 0 ? [] : images.splice(index, 1);
    changed(-1);
    return () => {
      images.splice(index, 0, ...removed);
      changed(1);
    };
  }

  /** @param {number} change How many images more the collection has. */
  function changed(change) {
    if (hasLeft) return;
    session.image_count += change;
    showCount(session.image_count);
    clear();
    grid.replaceChildren();
    if (images.length === 0 && isOver) showEmpty();
    else arrange();
  }

  function clear() {
    for (const tile of shown.values()) tile.remove();
    shown.clear();
  }

  /** Asks again for the thumbnails that were asked for while the service was gone. */
  function redraw() {
    clear();
    draw();
  }

  /** @param {KeyboardEvent} event */
  function move(event) {
    const steps = new Map([
      ["ArrowRight", 1],
      ["ArrowLeft", -1],
      ["ArrowDown", columns],
      ["ArrowUp", -columns],
    ]);
    const step = steps.get(event.key);
    const current = Number(/** @type {HTMLElement} */ (document.activeElement)?.dataset.index);
    if (step === undefined || Number.isNaN(current)) return;
    const target = Math.min(images.length - 1, Math.max(0, current + step));
    event.preventDefault();
    const y = grid.getBoundingClientRect().top + Math.floor(target / columns) * (cell + GAP);
    if (y < 80 || y + cell > innerHeight) scrollBy({ top: y - innerHeight / 2 });
    draw();
    shown.get(target)?.focus({ preventScroll: true });
  }

  let isAskedFor = false;
  function drawSoon() {
    if (isAskedFor) return;
    isAskedFor = true;
    requestAnimationFrame(() => {
      isAskedFor = false;
      draw();
    });
  }

  events.addEventListener("back", redraw);
  addEventListener("scroll", drawSoon, { passive: true });
  grid.addEventListener("keydown", move);
  const resized = new ResizeObserver(arrange);
  resized.observe(place);
  void load();
  return () => {
    hasLeft = true;
    events.removeEventListener("back", redraw);
    removeEventListener("scroll", drawSoon);
    resized.disconnect();
  };
}
