// The operator's page: collections, and the key pairs that open them.

import { changeKeys, createKeys, listCollections, revokeKeys, rotateKeys, setThumbnails } from "../api.js";
import { element } from "../dom.js";
import { formatTime, images, texts } from "../texts.js";
import { showToast } from "../toasts.js";

/** @type {import("../main.js").View} */
export function keysView(place, session) {
  const list = element("div", { class: "collections" });
  place.append(
    element("div", { class: "bar" },
      element("h1", {}, texts.keys.title),
      element("button", { class: "primary", onclick: () => askForKeys("", session.user) }, texts.keys.newCollection)),
    list,
  );

  async function show() {
    const { collections } = await listCollections();
    list.replaceChildren(
      ...(collections.length === 0 ? [element("p", { class: "empty" }, texts.keys.none)] : collections.map(collectionCard)),
    );
  }

  /** @param {import("../api.js").KeptCollection} collection */
  function collectionCard(collection) {
    return element(
      "section",
      { class: "card" },
      element("header", {},
        element("h2", {}, collection.name),
        element("span", { class: "hint" }, `${collection.user} · ${collection.collection_id} · ${images(collection.image_count)}`)),
      element("p", {}, `${texts.keys.thumbnails}: ${collection.has_thumbnails ? texts.keys.on : texts.keys.off} `,
        element("button", { onclick: () => void switchThumbnails(collection) }, collection.has_thumbnails ? texts.keys.turnOff : texts.keys.turnOn)),
      collection.keys.length === 0 && element("p", { class: "hint" }, texts.keys.noKeys),
      collection.keys.length > 0 && element("div", { class: "table-frame" },
        element("table", {},
          element("thead", {}, element("tr", {}, ...[texts.keys.publicKey, texts.keys.access, texts.keys.expires, ""].map((name) => element("th", { scope: "col" }, name)))),
          element("tbody", {}, ...collection.keys.map(keyRow)))),
      element("p", {}, element("button", { onclick: () => askForKeys(collection.name, collection.user) }, texts.keys.create)),
    );
  }

  /** @param {import("../api.js").KeyPair} pair */
  function keyRow(pair) {
    const isExpired = pair.expires !== null && new Date(pair.expires) < new Date();
    return element(
      "tr",
      { class: isExpired ? "is-expired" : "" },
      element("td", {}, element("code", {}, pair.public_key)),
      element("td", { "data-label": texts.keys.access }, pair.is_read_only ? texts.keys.readOnly : texts.keys.readWrite),
      element("td", { "data-label": texts.keys.expires }, pair.expires === null ? texts.keys.never : `${formatTime(pair.expires)}${isExpired ? ` (${texts.keys.expired})` : ""}`),
      element("td", {}, element("div", { class: "actions" },
        !pair.is_read_only && element("button", { onclick: () => act(() => changeKeys(pair.public_key, { is_read_only: true })) }, texts.keys.makeReadOnly),
        element("button", { onclick: () => askForExpiry(pair) }, texts.keys.setExpiry),
        element("button", { onclick: () => void rotate(pair) }, texts.keys.rotate),
        element("button", { class: "danger", onclick: () => void revoke(pair) }, texts.keys.revoke))),
    );
  }

  /** @param {() => Promise<unknown>} change */
  async function act(change) {
    try {
      await change();
    } catch (error) {
      showToast(/** @type {Error} */ (error).message);
    }
    await show();
  }

  /** @param {import("../api.js").KeptCollection} collection */
  async function switchThumbnails(collection) {
    if (collection.has_thumbnails && !confirm(texts.keys.confirmOff)) return;
    await act(() => setThumbnails(collection.collection_id, !collection.has_thumbnails));
  }

  /** @param {import("../api.js").KeyPair} pair */
  async function revoke(pair) {
    if (confirm(texts.keys.confirmRevoke)) await act(() => revokeKeys(pair.public_key));
  }

  /** @param {import("../api.js").KeyPair} pair */
  async function rotate(pair) {
    if (confirm(texts.keys.confirmRotate)) await act(async () => showOnce(await rotateKeys(pair.public_key)));
  }

  /** @param {import("../api.js").KeyPair} pair */
  function askForExpiry(pair) {
    const day = element("input", { type: "date", id: "expiry", required: true });
    openForm(texts.keys.setExpiry, [element("label", { for: "expiry" }, texts.keys.expiresOn), day], () =>
      changeKeys(pair.public_key, { expires: new Date(day.value).toISOString() }),
    );
  }

  /** @param {string} name @param {string} user */
  function askForKeys(name, user) {
    const nameInput = element("input", { id: "name", value: name, required: true, maxlength: 200 });
    const userInput = element("input", { id: "user", value: user, required: true, maxlength: 200 });
    const readOnly = element("input", { type: "checkbox" });
    const thumbnails = element("input", { type: "checkbox" });
    const day = element("input", { type: "date", id: "expiry" });
    openForm(
      name ? texts.keys.create : texts.keys.newCollection,
      [
        ...(name
          ? [element("p", { class: "hint" }, `${name} · ${user}`)]
          : [
              element("label", { for: "name" }, texts.keys.name), nameInput,
              element("label", { for: "user" }, texts.keys.user), userInput,
              element("label", {}, thumbnails, " ", texts.keys.keepThumbnails),
            ]),
        element("label", {}, readOnly, " ", texts.keys.onlyRead),
        element("label", { for: "expiry" }, texts.keys.expiresOn), day,
      ],
      async () =>
        showOnce(
          await createKeys({
            name: nameInput.value,
            user: userInput.value,
            is_read_only: readOnly.checked,
            with_thumbnails: thumbnails.checked,
            expires: day.value ? new Date(day.value).toISOString() : null,
          }),
        ),
    );
  }

  /** @param {string} title @param {HTMLElement[]} fields @param {() => Promise<unknown>} save */
  function openForm(title, fields, save) {
    const dialog = element("dialog", { "aria-label": title, onclose: () => dialog.remove() });
    dialog.append(
      element(
        "form",
        {
          class: "stacked",
          onsubmit: (/** @type {SubmitEvent} */ event) => {
            event.preventDefault();
            dialog.close();
            void act(save);
          },
        },
        element("h2", {}, title),
        ...fields,
        element("p", { class: "actions" },
          element("button", { type: "button", onclick: () => dialog.close() }, texts.cancel),
          element("button", { type: "submit", class: "primary" }, texts.keys.save)),
      ),
    );
    document.body.append(dialog);
    dialog.showModal();
  }

  /** @param {import("../api.js").NewKeys} keys */
  function showOnce(keys) {
    const dialog = element("dialog", { "aria-label": texts.keys.once, onclose: () => dialog.remove() });
    dialog.append(
      element("p", {}, texts.keys.once),
      element("dl", { class: "facts" },
        element("dt", {}, texts.keys.publicKey), element("dd", {}, element("code", {}, keys.public_key)),
        element("dt", {}, texts.keys.secretKey), element("dd", {}, element("code", {}, keys.secret_key))),
      element("p", { class: "actions" },
        // Over plain HTTP browsers let no page use the clipboard.
        isSecureContext && element("button", { onclick: () => copy(keys) }, texts.keys.copy),
        element("button", { class: "primary", onclick: () => dialog.close() }, texts.close)),
    );
    document.body.append(dialog);
    dialog.showModal();
  }

  /** @param {import("../api.js").NewKeys} keys */
  function copy(keys) {
    const text = `VISUALSNOOP_PUBLIC_KEY=${keys.public_key}\nVISUALSNOOP_SECRET_KEY=${keys.secret_key}\n`;
    navigator.clipboard.writeText(text).then(() => showToast(texts.keys.copied), (error) => showToast(error.message));
  }

  show().catch((error) => list.replaceChildren(element("p", { class: "error", role: "alert" }, error.message)));
}
