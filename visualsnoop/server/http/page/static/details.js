// What is known of one image, and its copies, in a dialog.

import { getImage, removeImage, restoreImage, searchById } from "./api.js";
import { element } from "./dom.js";
import { thumbnail } from "./pictures.js";
import { formatNumber, formatTime, texts } from "./texts.js";
import { showToast } from "./toasts.js";

const COPY_SCORE = 0.7;

/**
 * @param {string} imageId
 * @param {import("./api.js").Session} session
 * @param {(imageId: string) => () => void} [onRemoved] Takes an image that was deleted away, and gives
 *   what puts it back; without it images cannot be deleted here.
 */
export async function showDetails(imageId, session, onRemoved) {
  const facts = element("dl", { class: "facts" });
  const copies = element("div", { class: "copies" });
  const dialog = element(
    "dialog",
    { class: "details", "aria-label": imageId, onclose: () => dialog.remove() },
    element(
      "header",
      {},
      element("h2", {}, imageId),
      element("button", { class: "quiet", onclick: () => dialog.close(), "aria-label": texts.close }, "✕"),
    ),
    thumbnail({ id: imageId }, session.has_thumbnails),
    facts,
    element(
      "p",
      { class: "actions" },
      element("a", { class: "button", href: `#/search/${encodeURIComponent(imageId)}`, onclick: () => dialog.close() }, texts.details.similar),
      !session.is_read_only &&
        onRemoved !== undefined &&
        element("button", { class: "danger", onclick: remove }, texts.details.remove),
    ),
    element("h3", {}, texts.details.copies),
    copies,
  );
  document.body.append(dialog);
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.showModal();

  async function remove() {
    try {
      const record = await removeImage(imageId);
      dialog.close();
      const putBack = onRemoved?.(imageId);
      showToast(texts.details.removed, () => {
        restoreImage(record).then(putBack, (error) => showToast(error.message));
      });
    } catch (error) {
      showToast(/** @type {Error} */ (error).message);
    }
  }

  try {
    const [image, found] = await Promise.all([
      getImage(imageId),
      searchById(imageId, { count: 20, min_score: COPY_SCORE }),
    ]);
    facts.append(
      ...fact(texts.details.time, formatTime(image.image_time)),
      ...fact(texts.details.size, sizeText(image)),
      ...fact(texts.details.quality, qualityText(image.quality)),
    );
    if (found.length === 0) copies.append(texts.details.noCopies);
    for (const copy of found) {
      copies.append(
        element(
          "button",
          { class: "tile", title: copy.id, onclick: () => { dialog.close(); void showDetails(copy.id, session, onRemoved); } },
          thumbnail(copy, session.has_thumbnails),
          element("span", { class: "score" }, copy.score.toFixed(2)),
        ),
      );
    }
  } catch (error) {
    facts.append(/** @type {Error} */ (error).message);
  }
}

/** @param {string} name @param {string} value */
const fact = (name, value) => [element("dt", {}, name), element("dd", {}, value)];

/** @param {import("./api.js").Image} image */
function sizeText({ width, height }) {
  return width && height ? `${formatNumber(width)} × ${formatNumber(height)}` : texts.details.unknown;
}

/** @param {number} quality */
function qualityText(quality) {
  return `${quality} ${quality < 20 ? `(${texts.details.poor})` : texts.details.qualityOf}`;
}
