// Going through the groups of copies: keep one and delete the others, or say that they are none.

import {
  events,
  getImage,
  listDuplicates,
  removeImage,
  restoreImage,
  ServiceError,
  setNotDuplicates,
  unsetNotDuplicates,
} from "../api.js";
import { element } from "../dom.js";
import { showDetails } from "../details.js";
import { thumbnail } from "../pictures.js";
import { formatNumber, formatTime, texts } from "../texts.js";
import { showToast } from "../toasts.js";

const PAGE_SIZE = 50;
const MOST_SHOWN = 30; // images of a group

/**
 * What was decided, and how to take it back: kept for as long as the page is open.
 *
 * @typedef {{ group: import("../api.js").DuplicateGroup, at: number, undo: () => Promise<unknown> }} Decision
 * @type {Decision[]}
 */
const decisions = [];

/** @type {import("../main.js").View} */
export function duplicatesView(place, session) {
  /** @type {import("../api.js").DuplicateGroup[]} */
  const groups = [];
  let total = 0;
  let current = 0;
  let isBusy = false;
  let hasLeft = false;

  const count = element("span", { class: "count" });
  const stage = element("section", { class: "group", "aria-live": "polite" });
  const keyboard = session.is_read_only ? texts.duplicates.keyboardReadOnly : texts.duplicates.keyboard;
  const hint = element("p", { class: "hint keyboard-hint", hidden: true }, keyboard);
  place.append(
    element("div", { class: "bar" }, element("h1", {}, texts.duplicates.title), count),
    session.is_read_only && element("p", { class: "hint" }, texts.duplicates.readOnly) || "",
    stage,
    hint,
  );

  async function load() {
    // Groups that were decided are gone from the list of the service, as they are from this one.
    for (;;) {
      try {
        const page = await listDuplicates(groups.length, PAGE_SIZE);
        groups.push(...page.groups);
        total = page.group_count;
        count.textContent = texts.duplicates.count(page.group_count);
        return;
      } catch (error) {
        if (hasLeft || !(error instanceof ServiceError) || !error.mayPass) throw error;
        stage.replaceChildren(
          element("p", { class: "busy" }, error.status === 0 ? texts.offline : texts.duplicates.comparing),
        );
        await new Promise((resolve) => setTimeout(resolve, 1000 * (error.retryAfter ?? 2)));
      }
    }
  }

  /** Of a group with more images than are shown, the service knows what is left. */
  async function reload() {
    groups.length = 0;
    await load();
  }

  async function show() {
    while (current >= groups.length && groups.length < total) await load();
    if (hasLeft) return;
    const group = groups[current];
    hint.hidden = group === undefined;
    if (group === undefined) {
      stage.replaceChildren(
        element("p", { class: "empty" }, total === 0 ? texts.duplicates.none : texts.duplicates.done),
        buttons(),
      );
      return;
    }
    const members = await Promise.all(shownOf(group).map(describe));
    if (hasLeft || group !== groups[current]) return;
    const best = argmax(members, (member) => member.quality);
    const largest = argmax(members, (member) => (member.width ?? 0) * (member.height ?? 0));
    stage.replaceChildren(
      element(
        "p",
        { class: "position" },
        texts.duplicates.position(current + 1, total),
        " · ",
        `${group.score.toFixed(2)} ${texts.duplicates.score}`,
      ),
      isPartial(group) ? element("p", { class: "hint" }, texts.duplicates.partial(members.length, countOf(group))) : "",
      element(
        "div",
        { class: "members" },
        ...members.map((member, index) => {
          const badges = [
            index === 0 && texts.duplicates.oldest,
            index === best && texts.duplicates.best,
            index === largest && texts.duplicates.largest,
          ].filter((badge) => badge !== false);
          return element(
            "figure",
            { class: "member" },
            element(
              "button",
              { class: "tile", title: member.image_id, "aria-label": member.image_id, onclick: () => void showDetails(member.image_id, session) },
              thumbnail({ id: member.image_id, image_time: member.image_time }, session.has_thumbnails),
            ),
            element(
              "figcaption",
              {},
              element("span", { class: "hit-id" }, member.image_id),
              element("span", { class: "hit-facts" }, [sizeOf(member), texts.duplicates.detail(member.quality)].filter(Boolean).join(" · ")),
              element("span", { class: "hit-facts" }, formatTime(member.image_time)),
              element("span", { class: "badges" }, ...badges.map((badge) => element("span", { class: "badge" }, badge))),
              !session.is_read_only &&
                element("button", { onclick: () => void keep(index) }, texts.duplicates.keep, index < 9 && key(String(index + 1))),
            ),
          );
        }),
      ),
      buttons(),
    );
  }

  function buttons() {
    const has = groups[current] !== undefined;
    return element(
      "p",
      { class: "actions" },
      (has || current > 0) && element("button", { onclick: () => go(-1), disabled: current === 0, "aria-label": texts.duplicates.previous }, "←"),
      has && !session.is_read_only && !isPartial(groups[current]) && element("button", { onclick: () => void keepAll() }, texts.duplicates.keepAll, key("N")),
      has && element("button", { onclick: () => go(1), title: texts.duplicates.next }, `${texts.duplicates.skip} →`),
      decisions.length > 0 && element("button", { onclick: () => void undo() }, texts.undo, key("U")),
    );
  }

  /** @param {number} index The image that stays. */
  async function keep(index) {
    const group = groups[current];
    if (group === undefined || shownOf(group)[index] === undefined) return;
    const others = shownOf(group).filter((_, other) => other !== index);
    await decide(texts.duplicates.deleted(others.length), async () => {
      /** @type {string[]} */
      const records = [];
      // The last one first: it was decided about those that were there when it was deleted.
      const undoAll = async () => {
        for (let record = records.at(-1); record !== undefined; record = records.at(-1)) {
          await restoreImage(record);
          records.pop();
        }
      };
      try {
        for (const other of others) records.push(await removeImage(other.id));
      } catch (error) {
        await undoAll();
        throw error;
      }
      return undoAll;
    });
  }

  async function keepAll() {
    const group = groups[current];
    if (group === undefined || isPartial(group)) return;
    const pairs = group.images.flatMap((one, index) => group.images.slice(index + 1).map((other) => [one.id, other.id]));
    await decide(texts.duplicates.decided, async () => {
      for (const [one, other] of pairs) await setNotDuplicates(one, other);
      return () => Promise.all(pairs.map(([one, other]) => unsetNotDuplicates(one, other)));
    });
  }

  /** @param {string} text @param {() => Promise<() => Promise<unknown>>} act Gives what undoes it. */
  async function decide(text, act) {
    if (isBusy || session.is_read_only) return;
    isBusy = true;
    try {
      const group = groups[current];
      decisions.push({ group, at: current, undo: await act() });
      showToast(text, () => void undo());
      if (isPartial(group)) await reload();
      else {
        groups.splice(current, 1);
        total -= 1;
        count.textContent = texts.duplicates.count(total);
      }
    } catch (error) {
      showToast(/** @type {Error} */ (error).message);
    } finally {
      isBusy = false;
    }
    await show();
  }

  async function undo() {
    if (isBusy) return;
    const last = decisions.pop();
    if (last === undefined) return;
    isBusy = true;
    try {
      await last.undo();
      if (isPartial(last.group)) await reload();
      else {
        groups.splice(Math.min(last.at, groups.length), 0, last.group);
        total += 1;
        count.textContent = texts.duplicates.count(total);
      }
      current = Math.max(0, Math.min(last.at, groups.length - 1));
      showToast(texts.duplicates.undone);
      if (hasLeft) events.dispatchEvent(new Event("restored"));
    } catch (error) {
      // What has failed with the service can be tried again.
      if (error instanceof ServiceError && error.mayPass) decisions.push(last);
      showToast(`${texts.duplicates.undoFailed}: ${/** @type {Error} */ (error).message}`);
    } finally {
      isBusy = false;
    }
    await show();
  }

  /** @param {number} step */
  function go(step) {
    current = Math.max(0, Math.min(total, current + step));
    void show();
  }

  /** @param {KeyboardEvent} event */
  function press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.target instanceof HTMLInputElement) return;
    if (event.key === "ArrowRight") go(1);
    else if (event.key === "ArrowLeft") go(-1);
    else if (event.key.toLowerCase() === "n") void keepAll();
    else if (event.key.toLowerCase() === "u") void undo();
    else if (/^[1-9]$/.test(event.key)) void keep(Number(event.key) - 1);
    else return;
    event.preventDefault();
  }

  addEventListener("keydown", press);
  load().then(show, (error) => stage.replaceChildren(element("p", { class: "error", role: "alert" }, error.message)));
  return () => {
    hasLeft = true;
    removeEventListener("keydown", press);
  };
}

/** @param {import("../api.js").DuplicateGroup} group */
const shownOf = (group) => group.images.slice(0, MOST_SHOWN);

/** @param {import("../api.js").DuplicateGroup} group */
const countOf = (group) => group.image_count ?? group.images.length;

/** @param {import("../api.js").DuplicateGroup} group */
const isPartial = (group) => countOf(group) > MOST_SHOWN;

/** @param {string} name What is pressed to the same effect. */
const key = (name) => element("kbd", { "aria-hidden": "true" }, name);

/** @param {import("../api.js").ListedImage} image @returns {Promise<import("../api.js").Image>} */
async function describe(image) {
  return getImage(image.id);
}

/** @param {import("../api.js").Image} image */
function sizeOf({ width, height }) {
  return width && height ? `${formatNumber(width)} × ${formatNumber(height)}` : "";
}

/**
 * @template T
 * @param {T[]} items
 * @param {(item: T) => number} value
 * @returns {number} The place of the one item that has more than all others; -1 if there is none.
 */
function argmax(items, value) {
  const values = items.map(value);
  const most = Math.max(...values);
  return values.filter((each) => each === most).length === 1 ? values.indexOf(most) : -1;
}
