// The frame of the page: who is signed in, which view is shown, what the service says.

import { events, getSession, signIn, signOut } from "./api.js";
import { byId, element } from "./dom.js";
import { texts } from "./texts.js";
import { showToast } from "./toasts.js";
import { addView } from "./views/add.js";
import { duplicatesView } from "./views/duplicates.js";
import { keysView } from "./views/keys.js";
import { lookView } from "./views/look.js";
import { searchView } from "./views/search.js";
import { signInView } from "./views/sign-in.js";

/**
 * A view fills an element, and is told when it is left.
 *
 * @typedef {(place: HTMLElement, session: import("./api.js").Session, argument: string) => (() => void) | void} View
 */

/** @type {Record<string, View>} */
const VIEWS = {
  look: lookView,
  search: searchView,
  duplicates: duplicatesView,
  add: addView,
  keys: keysView,
};

const RETRY_TIME = 2000; // milliseconds

/** @type {import("./api.js").Session | null} */
let session = null;
/** @type {(() => void) | void} */
let leave;

function currentView() {
  const [, name = "look", argument = ""] = location.hash.split("/");
  return { name: name in VIEWS ? name : "look", argument: decodeURIComponent(argument) };
}

function show() {
  const content = byId("content");
  leave?.();
  content.replaceChildren();
  byId("header").hidden = session === null;
  if (session === null) {
    document.title = `${texts.signIn.title} · VisualSnoop`;
    leave = signInView(content, start);
    return;
  }
  const { name, argument } = currentView();
  document.title = `${texts.views[/** @type {keyof typeof texts.views} */ (name)]} · ${session.collection_name || "VisualSnoop"}`;
  for (const link of byId("navigation").querySelectorAll("a")) {
    if (link.hash === `#/${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  leave = VIEWS[name](content, session, argument);
}

function fillHeader() {
  if (session === null) return;
  const names = session.is_operator ? ["keys"] : ["look", "search", "duplicates", "add"];
  byId("navigation").replaceChildren(
    ...names.map((name) =>
      element("a", { href: `#/${name}` }, texts.views[/** @type {keyof typeof texts.views} */ (name)]),
    ),
  );
  byId("account").replaceChildren(
    element("span", { class: "collection-name", title: session.collection_id }, session.collection_name),
    element("button", { class: "quiet", onclick: leaveSession }, texts.signIn.out),
  );
  const notice = byId("notice");
  // Browsers take TLS for secure, and what does not leave the machine.
  notice.hidden = isSecureContext;
  notice.textContent = texts.plain;
}

async function leaveSession() {
  await signOut().catch(() => undefined);
  session = null;
  show();
}

/** Look who is signed in, and show them what they came for. */
async function start() {
  try {
    const current = await getSession();
    session = current.is_signed_in ? current : null;
  } catch {
    session = null;
  }
  if (session !== null) {
    const name = session.is_operator ? "keys" : currentView().name;
    // The link of the view that is shown leads nowhere else: it would be shown anew.
    if (location.hash === "" || name !== currentView().name) history.replaceState(null, "", `#/${name}`);
  }
  fillHeader();
  show();
}

/** A link that signs in has its code after the #, which browsers neither send nor log. */
async function begin() {
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  if (code !== null) {
    history.replaceState(null, "", location.pathname + location.search);
    try {
      await signIn({ code });
    } catch {
      showToast(texts.signIn.linkRefused);
    }
  }
  await start();
}

events.addEventListener("signed-out", () => {
  if (session === null) return;
  session = null;
  show();
  showToast(texts.signedOut);
});
events.addEventListener("gone", async () => {
  byId("notice").hidden = false;
  byId("notice").textContent = texts.offline;
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, RETRY_TIME));
    const current = await getSession().catch(() => null);
    if (current === null) continue;
    if (!current.is_signed_in) events.dispatchEvent(new Event("signed-out"));
    return;
  }
});
events.addEventListener("restored", () => {
  if (["look", "duplicates"].includes(currentView().name)) show();
});
events.addEventListener("back", () => {
  showToast(texts.back);
  fillHeader();
});
addEventListener("hashchange", () => (location.hash.startsWith("#code=") ? begin() : show()));
void begin();
