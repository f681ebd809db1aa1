// Pictures on the page: thumbnails, files that were chosen, and regions drawn on them.

import { thumbnailUrl } from "./api.js";
import { element, svg } from "./dom.js";
import { texts } from "./texts.js";

/**
 * Corners in units of the sides of a picture: top left, top right, bottom right, bottom left.
 *
 * @typedef {{ x: number, y: number }} Point
 * @typedef {Point[]} Region
 */

/**
 * The thumbnail of a stored image, or its ID where there is none.
 *
 * @param {{ id: string, image_time?: string }} image
 * @param {boolean} hasThumbnails
 */
export function thumbnail(image, hasThumbnails) {
  const frame = element("span", { class: "thumbnail" });
  const name = element("span", { class: "thumbnail-name" }, image.id);
  if (!hasThumbnails) {
    frame.append(name);
    return frame;
  }
  const picture = element("img", {
    alt: image.id,
    loading: "lazy",
    decoding: "async",
    draggable: "false",
    onerror: () => {
      picture.remove();
      frame.append(name);
      frame.title = texts.look.noThumbnail;
    },
  });
  picture.src = thumbnailUrl(image.id, image.image_time ?? "");
  frame.append(picture);
  return frame;
}

/**
 * A frame around a picture, in which a region can be drawn.
 *
 * @param {HTMLElement} picture
 * @param {Region | null} region
 * @param {string} label What the region is, for those who do not see it.
 */
export function withRegion(picture, region, label) {
  const frame = element("span", { class: "region-frame" }, picture);
  if (region === null || coversAll(region)) return frame;
  const points = region.map(({ x, y }) => `${x},${y}`).join(" ");
  const title = svg("title");
  title.textContent = label;
  frame.append(
    svg(
      "svg",
      { class: "region", viewBox: "0 0 1 1", preserveAspectRatio: "none", role: "img" },
      title,
      svg("path", {
        class: "region-outside",
        "fill-rule": "evenodd",
        d: `M0 0H1V1H0Z M${region.map(({ x, y }) => `${x} ${y}`).join(" L")} Z`,
      }),
      svg("polygon", { class: "region-edge", points, "vector-effect": "non-scaling-stroke" }),
    ),
  );
  return frame;
}

/**
 * A frame around a picture, in which several regions are drawn and numbered from 1.
 *
 * @param {HTMLElement} picture
 * @param {Region[]} regions
 * @param {(part: number) => string} label
 */
export function withParts(picture, regions, label) {
  const outlines = regions.map((region) =>
    svg("polygon", {
      class: "region-edge",
      points: region.map(({ x, y }) => `${x},${y}`).join(" "),
      "vector-effect": "non-scaling-stroke",
    }),
  );
  const numbers = regions.map((region, index) => {
    const number = partNumber(index + 1, label);
    number.style.left = `${100 * Math.min(...region.map(({ x }) => x))}%`;
    number.style.top = `${100 * Math.min(...region.map(({ y }) => y))}%`;
    return number;
  });
  const drawing = svg("svg", { class: "region", viewBox: "0 0 1 1", preserveAspectRatio: "none" }, ...outlines);
  drawing.setAttribute("aria-hidden", "true");
  return element("span", { class: "region-frame" }, picture, drawing, ...numbers);
}

/** @param {number} part @param {(part: number) => string} label */
export const partNumber = (part, label) =>
  element("span", { class: "part-number", role: "img", "aria-label": label(part), title: label(part) }, String(part));

/** @param {Region} region */
function coversAll(region) {
  const xs = region.map(({ x }) => x);
  const ys = region.map(({ y }) => y);
  return (
    Math.min(...xs) < 0.02 && Math.max(...xs) > 0.98 && Math.min(...ys) < 0.02 && Math.max(...ys) > 0.98
  );
}

/**
 * Where the stored image lies in the query, if `region` says where the query lies in the image.
 *
 * @param {Region} region
 * @returns {Region | null} Null for a region without an area.
 */
export function inverseRegion([origin, right, , down]) {
  const [ux, uy] = [right.x - origin.x, right.y - origin.y];
  const [vx, vy] = [down.x - origin.x, down.y - origin.y];
  const area = ux * vy - uy * vx;
  if (Math.abs(area) < 1e-9) return null;
  return [
    { x: 0, y: 0 },
    { x: 1, y: 0 },
    { x: 1, y: 1 },
    { x: 0, y: 1 },
  ].map(({ x, y }) => {
    const [dx, dy] = [x - origin.x, y - origin.y];
    return { x: (dx * vy - dy * vx) / area, y: (ux * dy - uy * dx) / area };
  });
}

/** The part of a region that lies in the picture. @param {Region} region @returns {Region} */
export function clipped(region) {
  return region.map(({ x, y }) => ({ x: Math.min(1, Math.max(0, x)), y: Math.min(1, Math.max(0, y)) }));
}
