// Which parts of a picture the hits of a search are: a collage has several.

import { clipped, inverseRegion } from "./pictures.js";

const LARGEST_PART = 0.8; // of the area of the picture
const SAME_PART = 0.5; // of the area that two of them cover together

/**
 * @typedef {import("./pictures.js").Region} Region
 * @typedef {{ left: number, top: number, right: number, bottom: number }} Box
 *
 * @typedef {object} Part
 * @property {Region} region Where it is in the picture.
 * @property {string[]} ids The hits that it is a copy of, best first.
 */

/**
 * The parts of a picture that hits are copies of, best first; none where a hit is all of it.
 *
 * @param {import("./api.js").SearchResult[]} results
 * @returns {Part[]}
 */
export function partsOf(results) {
  /** @type {Part[]} */
  const parts = [];
  for (const { id, region } of results) {
    const inverse = region ? inverseRegion(region) : null;
    if (inverse === null) continue;
    const place = clipped(inverse);
    const box = boxOf(place);
    if (area(box) > LARGEST_PART) continue;
    const same = parts.find((part) => overlap(boxOf(part.region), box) > SAME_PART);
    if (same === undefined) parts.push({ region: place, ids: [id] });
    else same.ids.push(id);
  }
  return parts;
}

/** @param {Region} region @returns {Box} */
function boxOf(region) {
  const xs = region.map(({ x }) => x);
  const ys = region.map(({ y }) => y);
  return { left: Math.min(...xs), top: Math.min(...ys), right: Math.max(...xs), bottom: Math.max(...ys) };
}

/** @param {Box} box */
const area = ({ left, top, right, bottom }) => Math.max(0, right - left) * Math.max(0, bottom - top);

/** @param {Box} one @param {Box} other The area that they share, of what they cover together. */
function overlap(one, other) {
  const shared = area({
    left: Math.max(one.left, other.left),
    top: Math.max(one.top, other.top),
    right: Math.min(one.right, other.right),
    bottom: Math.min(one.bottom, other.bottom),
  });
  return shared / (area(one) + area(other) - shared);
}
