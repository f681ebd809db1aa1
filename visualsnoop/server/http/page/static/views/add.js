// Adding files and whole folders: several at a time, going on when the service is back.

import { addImage, search, ServiceError } from "../api.js";
import { element } from "../dom.js";
import { texts } from "../texts.js";

const CONCURRENCY = 3;
const COPY_SCORE = 0.7;
const SAME_SCORE = 0.995; // to two places, that of the same picture
const LONGEST_WAIT = 30; // seconds
const MOST_SHOWN = 200; // rows

/**
 * @typedef {"waiting" | "checking" | "sending" | "paused" | "added" | "updated" | "copy" | "skipped" | "refused" | "twice"} State
 * @typedef {{ id: string, file: File, state: State, note: string, checked: boolean, row?: HTMLElement }} Item
 */

/** @type {import("../main.js").View} */
export function addView(place, session) {
  /** @type {Item[]} */
  const items = [];
  /** @type {Item[]} */
  let queue = [];
  /** @type {Set<string>} */
  const ids = new Set();
  /** How many items are in each state. @type {Map<State, number>} */
  const counts = new Map();
  let running = 0;
  let isPaused = false;
  let hasLeft = false;
  const abort = new AbortController();

  if (session.is_read_only) {
    place.append(element("h1", {}, texts.add.title), element("p", { class: "hint" }, texts.add.readOnly));
    return;
  }

  const files = element("input", { type: "file", multiple: true, hidden: true, onchange: () => takeInput(files) });
  const folder = element("input", { type: "file", webkitdirectory: true, hidden: true, onchange: () => takeInput(folder) });
  const check = element("input", { type: "checkbox", id: "check", checked: true });
  const update = element("input", { type: "checkbox", id: "update" });
  const dropZone = element(
    "div",
    { class: "drop-zone" },
    element("p", {}, texts.add.drop, " ",
      element("button", { class: "link", onclick: () => files.click() }, texts.add.files), " · ",
      element("button", { class: "link", onclick: () => folder.click() }, texts.add.folder)),
    files,
    folder,
    element("p", { class: "hint" }, texts.add.ids),
  );
  const bar = element("progress", { max: 1, value: 0, "aria-label": texts.add.title });
  const summary = element("p", { class: "hint", role: "status" });
  const pause = element("button", { onclick: togglePause }, texts.add.pause);
  const again = element("button", { onclick: retryRefused }, texts.add.retryRefused);
  const addCopies = element("button", { onclick: () => decideCopies(true) }, texts.add.addAll);
  const leaveCopies = element("button", { onclick: () => decideCopies(false) }, texts.add.leaveAll);
  const status = element("div", { class: "add-status", hidden: true }, bar, summary, element("p", { class: "actions" }, pause, again, addCopies, leaveCopies));
  const list = element("ul", { class: "add-list" });
  place.append(
    element("h1", {}, texts.add.title),
    dropZone,
    element("p", { class: "options" },
      element("label", {}, check, " ", texts.add.check), " ",
      element("label", {}, update, " ", texts.add.update)),
    status,
    list,
  );

  /** @param {HTMLInputElement} input */
  function takeInput(input) {
    for (const file of input.files ?? []) {
      const [, ...names] = file.webkitRelativePath.split("/");
      if (!names.some(isHidden)) take(file, names.join("/") || file.name);
    }
    input.value = "";
    work();
  }

  /**
   * @param {File} file
   * @param {string} path In the folder that was given, with slashes: it becomes the ID.
   * @param {string} [refusal] Why it cannot be added, if that is known already.
   */
  function take(file, path, refusal = "") {
    /** @type {Item} */
    const item = { id: path, file, state: "waiting", note: "", checked: false };
    items.push(item);
    count("waiting", 1);
    if (ids.has(path)) {
      settle(item, "twice");
      return;
    }
    ids.add(path);
    if (refusal) {
      settle(item, "refused", refusal);
      return;
    }
    queue.push(item);
    draw(item);
  }

  /** @param {State} state @param {number} change */
  function count(state, change) {
    counts.set(state, number(state) + change);
  }

  /** @param {State[]} states */
  const number = (...states) => states.reduce((sum, state) => sum + (counts.get(state) ?? 0), 0);

  function work() {
    status.hidden = items.length === 0;
    while (!isPaused && !hasLeft && running < CONCURRENCY) {
      const item = queue.shift();
      if (item === undefined) break;
      running += 1;
      void process(item).finally(() => {
        running -= 1;
        work();
      });
    }
    tell();
  }

  /** @param {Item} item */
  async function process(item) {
    for (let wait = 1; ; wait = Math.min(2 * wait, LONGEST_WAIT)) {
      try {
        if (check.checked && !item.checked && (await isCopy(item))) return;
        item.checked = true;
        settle(item, "sending");
        const image = await addImage(item.id, item.file, update.checked, abort.signal);
        settle(item, image.message === "Updated" ? "updated" : "added");
        return;
      } catch (error) {
        if (hasLeft) return;
        if (!(error instanceof ServiceError) || !error.mayPass) {
          settle(item, "refused", messageOf(error));
          return;
        }
        // Nothing is lost: the same file is sent again when the service answers.
        settle(item, "paused", texts.add.paused);
        await new Promise((resolve) => setTimeout(resolve, 1000 * (error.retryAfter ?? wait)));
        if (isPaused) {
          queue.unshift(item);
          return;
        }
      }
    }
  }

  /** @param {Item} item */
  async function isCopy(item) {
    settle(item, "checking");
    const [best] = await search(item.file, { count: 1, min_score: COPY_SCORE }, abort.signal);
    if (best === undefined || (update.checked && best.id === item.id)) return false;
    if (best.id === item.id && best.score >= SAME_SCORE) {
      settle(item, "skipped", texts.add.there);
      return true;
    }
    settle(item, "copy", texts.add.copyOf(best.id, best.score));
    return true;
  }

  /** @param {Item} item @param {State} state @param {string} [note] */
  function settle(item, state, note = "") {
    count(item.state, -1);
    count(state, 1);
    item.state = state;
    item.note = note;
    draw(item);
    tell();
  }

  /** @param {Item} item */
  function draw(item) {
    const row = element(
      "li",
      { class: `add-item is-${item.state}` },
      element("span", { class: "hit-id" }, item.id),
      element("span", { class: "state" }, item.note || stateText(item.state)),
      item.state === "copy" && element("button", { onclick: () => decide(item, true) }, texts.add.addAnyway),
      item.state === "copy" && element("button", { onclick: () => decide(item, false) }, texts.add.leaveOut),
    );
    if (item.row !== undefined && item.row.isConnected) item.row.replaceWith(row);
    else if (list.childElementCount < MOST_SHOWN || needsEyes(item)) list.append(row);
    item.row = row;
    // Of what went well the last rows are enough; what needs somebody's eyes stays.
    if (list.childElementCount > MOST_SHOWN) list.querySelector(".is-added, .is-updated, .is-skipped")?.remove();
  }

  /** @param {Item} item @param {boolean} isWanted */
  function decide(item, isWanted) {
    if (item.state !== "copy") return;
    if (!isWanted) {
      settle(item, "skipped");
      return;
    }
    item.checked = true;
    settle(item, "waiting");
    queue.push(item);
    work();
  }

  /** @param {boolean} areWanted */
  function decideCopies(areWanted) {
    for (const item of items) decide(item, areWanted);
  }

  function retryRefused() {
    for (const item of items.filter(({ state }) => state === "refused")) {
      settle(item, "waiting");
      queue.push(item);
    }
    work();
  }

  function togglePause() {
    isPaused = !isPaused;
    pause.textContent = isPaused ? texts.add.resume : texts.add.pause;
    work();
  }

  function tell() {
    const settled = number("added", "updated", "copy", "skipped", "refused", "twice");
    bar.value = items.length === 0 ? 0 : settled / items.length;
    summary.textContent = `${texts.add.progress(settled, items.length)} · ${texts.add.summary(number("added", "updated"), number("copy", "skipped"), number("refused", "twice"))}`;
    pause.hidden = settled === items.length;
    again.hidden = number("refused") === 0;
    addCopies.hidden = leaveCopies.hidden = number("copy") === 0;
  }

  /** @param {DragEvent} event */
  async function drop(event) {
    event.preventDefault();
    dropZone.classList.remove("is-over");
    const entries = [...(event.dataTransfer?.items ?? [])].map((item) => item.webkitGetAsEntry());
    for (const entry of entries) if (entry !== null) await takeEntry(entry);
    work();
  }

  /** @param {FileSystemEntry} entry @param {string} [path] In the folder that was dropped; empty for that folder. */
  async function takeEntry(entry, path = entry.isFile ? entry.name : "") {
    try {
      await takeFiles(entry, path);
    } catch (error) {
      take(new File([], entry.name), path || entry.name, /** @type {Error} */ (error).message);
    }
  }

  /** @param {FileSystemEntry} entry @param {string} path */
  async function takeFiles(entry, path) {
    if (entry.isFile) {
      const file = await new Promise((resolve, reject) => /** @type {FileSystemFileEntry} */ (entry).file(resolve, reject));
      take(/** @type {File} */ (file), path);
      return;
    }
    const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
    for (;;) {
      // A folder is read in parts, until an empty one.
      const part = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (part.length === 0) return;
      for (const child of part) {
        if (!isHidden(child.name)) await takeEntry(child, path ? `${path}/${child.name}` : child.name);
      }
    }
  }

  /** @param {DragEvent} event */
  function dragOver(event) {
    event.preventDefault();
    dropZone.classList.add("is-over");
  }

  const dragLeave = () => dropZone.classList.remove("is-over");
  /** @param {BeforeUnloadEvent} event */
  const warn = (event) => {
    if (queue.length > 0 || running > 0) event.preventDefault();
  };
  place.addEventListener("dragover", dragOver);
  place.addEventListener("dragleave", dragLeave);
  place.addEventListener("drop", drop);
  addEventListener("beforeunload", warn);
  return () => {
    hasLeft = true;
    queue = [];
    abort.abort();
    place.removeEventListener("dragover", dragOver);
    place.removeEventListener("dragleave", dragLeave);
    place.removeEventListener("drop", drop);
    removeEventListener("beforeunload", warn);
  };
}

/** Names that begin with a dot are of files that people do not see. @param {string} name */
const isHidden = (name) => name.startsWith(".");

/** @param {Item} item */
const needsEyes = (item) => ["copy", "refused", "twice"].includes(item.state);

/** @param {State} state */
function stateText(state) {
  return {
    waiting: texts.add.waiting,
    checking: texts.add.checking,
    sending: texts.add.sending,
    paused: texts.add.paused,
    added: texts.add.added,
    updated: texts.add.updated,
    copy: texts.add.there,
    skipped: texts.add.skipped,
    refused: "",
    twice: texts.add.twice,
  }[state];
}

/** @param {unknown} error */
function messageOf(error) {
  if (error instanceof ServiceError && error.status === 409) return texts.add.taken;
  return /** @type {Error} */ (error).message;
}
