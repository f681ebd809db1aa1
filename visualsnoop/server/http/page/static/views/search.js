// Searching by a picture of one's own, or by a stored one; hits with what they have in common.

import { ServiceError, search, searchById } from "../api.js";
import { element } from "../dom.js";
import { showDetails } from "../details.js";
import { partsOf } from "../parts.js";
import { clipped, inverseRegion, partNumber, thumbnail, withParts, withRegion } from "../pictures.js";
import { formatPercent, texts, transformText } from "../texts.js";

const COUNT = 60;
const LOWEST = 0.2;
const DEFAULT_THRESHOLD = 0.4;
const TRUE = /** @type {const} */ ("true");

/** @type {import("../main.js").View} */
export function searchView(place, session, imageId) {
  /** @type {AbortController | undefined} */
  let running;
  /** The picture that was searched by, if it is not a stored one. @type {Blob | undefined} */
  let picture;
  /** @type {string | undefined} */
  let previewUrl;
  let threshold = DEFAULT_THRESHOLD;

  const hits = element("div", { class: "hits", "aria-live": "polite" });
  const chooser = fileInput({ accept: "image/*" });
  const camera = fileInput({ accept: "image/*", capture: "environment" });
  const dropZone = element(
    "div",
    { class: "drop-zone" },
    element("p", {}, texts.search.drop, " ",
      element("button", { class: "link", onclick: () => chooser.click() }, texts.search.choose),
      element("span", { class: "camera" }, " · ",
        element("button", { class: "link", onclick: () => camera.click() }, texts.search.camera))),
    chooser,
    camera,
  );
  const parts = element("input", {
    type: "checkbox",
    onchange: () => {
      if (picture !== undefined) void searchBy(picture);
    },
  });
  const options = element("p", { class: "options" }, element("label", {}, parts, " ", texts.search.parts));
  const slider = element("input", {
    id: "threshold",
    type: "range",
    min: LOWEST,
    max: 1,
    step: 0.01,
    value: threshold,
    "aria-describedby": "threshold-hint",
    oninput: () => {
      threshold = Number(slider.value);
      output.textContent = threshold.toFixed(2);
      showHits();
    },
  });
  const output = element("output", { for: "threshold" }, threshold.toFixed(2));
  const controls = element(
    "div",
    { class: "threshold", hidden: true },
    element("label", { for: "threshold" }, texts.search.threshold),
    slider,
    output,
    element("span", { class: "hint", id: "threshold-hint" }, texts.search.copiesFrom),
  );
  place.append(element("h1", {}, texts.search.title), dropZone, options, controls, hits);

  /** @type {{ query: () => HTMLElement, results: import("../api.js").SearchResult[] }} */
  let answer = { query: () => element("span"), results: [] };

  /** @param {Record<string, string>} attributes */
  function fileInput(attributes) {
    const input = element("input", {
      ...attributes,
      type: "file",
      hidden: true,
      onchange: () => {
        if (input.files?.[0]) void searchBy(input.files[0]);
        input.value = "";
      },
    });
    return input;
  }

  /** @param {Blob} file */
  async function searchBy(file) {
    picture = file;
    if (previewUrl !== undefined) URL.revokeObjectURL(previewUrl);
    previewUrl = URL.createObjectURL(file);
    const source = previewUrl;
    const query = () => {
      const shown = element("img", { alt: texts.search.query, onerror: () => shown.replaceWith(texts.search.query) });
      shown.src = source;
      return element("span", { class: "thumbnail" }, shown);
    };
    // Unless it is wanted, parts are looked for only where nothing is a copy of the whole.
    const wanted = { count: COUNT, min_score: LOWEST, regions: parts.checked ? TRUE : undefined };
    await run(query, (signal) => search(file, wanted, signal));
  }

  /** @param {string} id */
  async function searchByStored(id) {
    await run(
      () => thumbnail({ id }, session.has_thumbnails),
      () => searchById(id, { count: COUNT, min_score: LOWEST }),
    );
  }

  /**
   * @param {() => HTMLElement} query
   * @param {(signal: AbortSignal) => Promise<import("../api.js").SearchResult[]>} ask
   */
  async function run(query, ask) {
    running?.abort();
    const current = new AbortController();
    running = current;
    hits.replaceChildren(element("p", { class: "busy" }, texts.search.searching));
    controls.hidden = true;
    try {
      const results = await ask(current.signal);
      answer = { query, results };
      controls.hidden = results.length === 0;
      showHits();
    } catch (error) {
      if (current.signal.aborted) return;
      hits.replaceChildren(element("p", { class: "error", role: "alert" }, messageOf(error)));
    }
  }

  function showHits() {
    const { query, results } = answer;
    const wanted = results.filter(({ score }) => score >= threshold);
    const found = partsOf(wanted);
    const copied = found.length > 1 ? found : [];
    const number = new Map(copied.flatMap(({ ids }, index) => ids.map((id) => [id, index + 1])));
    hits.replaceChildren(
      element(
        "div",
        { class: "query" },
        withParts(query(), copied.map(({ region }) => region), texts.search.part),
        element("p", { class: "hint" }, texts.search.query),
      ),
      element(
        "div",
        { class: "results" },
        copied.length > 0 && element("p", { class: "hint" }, texts.search.several(copied.length)),
        wanted.length === 0 && element("p", { class: "empty" }, texts.search.none),
        ...wanted.map((hit) => hitCard(hit, query, number.get(hit.id))),
        wanted.length < results.length &&
          element("p", { class: "hint" }, texts.search.hidden(results.length - wanted.length)),
      ),
    );
  }

  /**
   * @param {import("../api.js").SearchResult} hit
   * @param {() => HTMLElement} query
   * @param {number | undefined} part The number of the part of the query that it is, if it is one.
   */
  function hitCard(hit, query, part) {
    const region = hit.region ?? null;
    const inQuery = region === null ? null : inverseRegion(region);
    const facts = [
      transformText(hit.transform),
      hit.overlap ? `${formatPercent(hit.overlap)} ${texts.search.overlap}` : "",
    ].filter(Boolean);
    return element(
      "button",
      {
        class: `hit ${hit.score >= 0.7 ? "is-copy" : ""}`,
        onclick: () => void showDetails(hit.id, session, remove),
      },
      element(
        "span",
        { class: "pair" },
        withRegion(query(), inQuery && clipped(inQuery), texts.search.regionQuery),
        withRegion(thumbnail(hit, session.has_thumbnails), region && clipped(region), texts.search.regionHit),
      ),
      element("span", { class: "hit-id" }, part !== undefined && partNumber(part, texts.search.part), hit.id),
      element("span", { class: "hit-facts" }, element("strong", { class: "score" }, hit.score.toFixed(2)), ...facts.map((fact) => ` · ${fact}`)),
    );
  }

  /** @param {string} imageId */
  function remove(imageId) {
    const { results } = answer;
    answer.results = results.filter(({ id }) => id !== imageId);
    showHits();
    return () => {
      answer.results = results;
      showHits();
    };
  }

  /** @param {DragEvent} event */
  function drop(event) {
    event.preventDefault();
    dropZone.classList.remove("is-over");
    const file = event.dataTransfer?.files[0];
    if (file) void searchBy(file);
  }

  /** @param {DragEvent} event */
  function dragOver(event) {
    event.preventDefault();
    dropZone.classList.add("is-over");
  }

  /** @param {ClipboardEvent} event */
  function paste(event) {
    const file = [...(event.clipboardData?.files ?? [])][0];
    if (file) void searchBy(file);
  }

  const dragLeave = () => dropZone.classList.remove("is-over");
  place.addEventListener("dragover", dragOver);
  place.addEventListener("dragleave", dragLeave);
  place.addEventListener("drop", drop);
  addEventListener("paste", paste);
  if (imageId) void searchByStored(imageId);
  return () => {
    running?.abort();
    if (previewUrl !== undefined) URL.revokeObjectURL(previewUrl);
    place.removeEventListener("dragover", dragOver);
    place.removeEventListener("dragleave", dragLeave);
    place.removeEventListener("drop", drop);
    removeEventListener("paste", paste);
  };
}

/** @param {unknown} error */
function messageOf(error) {
  if (error instanceof ServiceError && error.status === 415) return `${texts.search.notAnImage} ${error.message}`;
  return /** @type {Error} */ (error).message;
}
