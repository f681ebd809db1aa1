// Short messages at the edge of the page, some with a way back.

import { byId, element } from "./dom.js";
import { texts } from "./texts.js";

const SHOWN = 8000; // milliseconds

/**
 * @param {string} text
 * @param {() => void} [undo] What the button "Undo" does; without it there is none.
 */
export function showToast(text, undo) {
  const toast = element("p", { class: "toast" }, text);
  if (undo !== undefined) {
    toast.append(
      element("button", { onclick: () => { toast.remove(); undo(); } }, texts.undo),
    );
  }
  byId("toasts").append(toast);
  setTimeout(() => toast.remove(), SHOWN);
}
