// What the page asks of the service. The session is in a cookie that no script can read.

/**
 * @typedef {import("visualsnoop-contract").Image} Image
 * @typedef {import("visualsnoop-contract").ImageList} ImageList
 * @typedef {import("visualsnoop-contract").ListedImage} ListedImage
 * @typedef {import("visualsnoop-contract").SearchResult} SearchResult
 * @typedef {import("visualsnoop-contract").DuplicateList} DuplicateList
 * @typedef {import("visualsnoop-contract").DuplicateGroup} DuplicateGroup
 *
 * @typedef {object} Session Of an operator, only what begins with `is_` is there.
 * @property {boolean} is_signed_in
 * @property {string} collection_id
 * @property {string} collection_name
 * @property {string} user
 * @property {number} image_count
 * @property {boolean} is_read_only
 * @property {boolean} has_thumbnails
 * @property {boolean} is_operator
 */

const API = new URL("api/v1/", document.baseURI);
const PAGE = new URL("page/", document.baseURI);

/** An answer that is not what was wanted, or none at all. */
export class ServiceError extends Error {
  /**
   * @param {number} status The HTTP status; 0 where there was no answer.
   * @param {string} message
   * @param {number} [retryAfter] Seconds to wait before the next try.
   */
  constructor(status, message, retryAfter) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
  }

  /** Whether the service is gone or busy, so that the same request may succeed later. */
  get mayPass() {
    return [0, 408, 429, 502, 503, 504].includes(this.status);
  }
}

/**
 * What views have to know of each other and of the service: "gone" and "back", when it stops to
 * answer and answers again; "signed-out", when the session has ended; "restored", when images are
 * back that a view has deleted which was left meanwhile.
 */
export const events = new EventTarget();
let answers = true;

/** @param {boolean} now */
function noteAnswers(now) {
  if (now === answers) return;
  answers = now;
  events.dispatchEvent(new Event(now ? "back" : "gone"));
}

/**
 * @param {string} method
 * @param {URL} url
 * @param {{ body?: BodyInit, json?: unknown, signal?: AbortSignal }} [options]
 * @returns {Promise<any>}
 */
async function request(method, url, { body, json, signal } = {}) {
  /** @type {Response} */
  let response;
  try {
    response = await fetch(url, {
      method,
      body: json === undefined ? body : JSON.stringify(json),
      headers:
        json !== undefined
          ? { "Content-Type": "application/json" }
          : body !== undefined
            ? { "Content-Type": "application/octet-stream" }
            : {},
      credentials: "same-origin",
      redirect: "error",
      signal,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    noteAnswers(false);
    throw new ServiceError(0, "The service does not answer");
  }
  noteAnswers(![502, 504].includes(response.status));
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  if (response.status === 401) events.dispatchEvent(new Event("signed-out"));
  const wait = Number(response.headers.get("Retry-After"));
  throw new ServiceError(
    response.status,
    answer.message ?? `The service answered ${response.status}`,
    Number.isFinite(wait) && wait > 0 ? wait : undefined,
  );
}

/**
 * @param {URL} base
 * @param {string[]} segments Each is encoded, so an ID may contain slashes.
 * @param {Record<string, string | number | undefined>} [query]
 */
function address(base, segments, query = {}) {
  const url = new URL(segments.map(encodeURIComponent).join("/"), base);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  return url;
}

/** @param {string} imageId @param {string} imageTime Makes the URL another one after a change. */
export function thumbnailUrl(imageId, imageTime) {
  return address(API, ["image", imageId, "thumbnail"], { time: imageTime }).href;
}

// Operations of the contract.

/** @param {string} imageId @returns {Promise<Image>} */
export const getImage = (imageId) => request("GET", address(API, ["image", imageId]));

/** @param {string | undefined} start @param {number} count @returns {Promise<ImageList>} */
export const listImages = (start, count) =>
  request("GET", address(API, ["images"], { start, count }));

/**
 * @param {string} imageId @param {Blob} file @param {boolean} update @param {AbortSignal} [signal]
 * @returns {Promise<Image>}
 */
export const addImage = (imageId, file, update, signal) =>
  request(update ? "PUT" : "POST", address(API, ["image", imageId]), { body: file, signal });

/**
 * @param {Blob} file
 * @param {import("visualsnoop-contract").SearchImagesData["query"]} wanted
 * @param {AbortSignal} [signal]
 * @returns {Promise<SearchResult[]>}
 */
export const search = async (file, wanted, signal) =>
  (await request("POST", address(API, ["search"], wanted), { body: file, signal })).results;

/**
 * @param {string} imageId
 * @param {{ count?: number, min_score?: number }} limits
 * @returns {Promise<SearchResult[]>}
 */
export const searchById = async (imageId, limits) =>
  (await request("GET", address(API, ["search", imageId], limits))).results;

/** @param {number} offset @param {number} count @returns {Promise<DuplicateList>} */
export const listDuplicates = (offset, count) =>
  request("GET", address(API, ["duplicates"], { offset, count }));

/** @param {string} imageId @param {string} otherId */
export const setNotDuplicates = (imageId, otherId) =>
  request("PUT", address(API, ["not-duplicates", imageId, otherId]));

/** @param {string} imageId @param {string} otherId */
export const unsetNotDuplicates = (imageId, otherId) =>
  request("DELETE", address(API, ["not-duplicates", imageId, otherId]));

// What is for the page only: see docs/page.md.

/** @returns {Promise<Session>} */
export const getSession = () => request("GET", address(PAGE, ["session"]));

/** @param {{ code: string } | { public_key: string, secret_key: string }} proof */
export const signIn = (proof) => request("POST", address(PAGE, ["session"]), { json: proof });

export const signOut = () => request("DELETE", address(PAGE, ["session"]));

/**
 * Deletes an image so that it can be restored: its sealed record is given, and kept nowhere else.
 *
 * @param {string} imageId
 * @returns {Promise<string>}
 */
export const removeImage = async (imageId) =>
  (await request("DELETE", address(PAGE, ["image", imageId]))).record;

/** @param {string} record */
export const restoreImage = (record) =>
  request("POST", address(PAGE, ["restore"]), { json: { record } });

/**
 * @typedef {object} KeyPair
 * @property {string} public_key
 * @property {boolean} is_read_only
 * @property {string | null} expires
 *
 * @typedef {object} KeptCollection
 * @property {string} collection_id
 * @property {string} name
 * @property {string} user
 * @property {number} image_count
 * @property {boolean} has_thumbnails
 * @property {KeyPair[]} keys
 *
 * @typedef {object} NewKeys
 * @property {string} collection_id
 * @property {string} public_key
 * @property {string} secret_key
 */

/** @returns {Promise<{ collections: KeptCollection[] }>} */
export const listCollections = () => request("GET", address(PAGE, ["collections"]));

/**
 * @param {{ name: string, user: string, is_read_only: boolean, with_thumbnails: boolean, expires: string | null }} wanted
 * @returns {Promise<NewKeys>}
 */
export const createKeys = (wanted) => request("POST", address(PAGE, ["keys"]), { json: wanted });

/**
 * @param {string} publicKey
 * @param {{ is_read_only?: boolean, expires?: string | null }} changes
 */
export const changeKeys = (publicKey, changes) =>
  request("PATCH", address(PAGE, ["keys", publicKey]), { json: changes });

/** @param {string} publicKey @returns {Promise<NewKeys>} */
export const rotateKeys = (publicKey) =>
  request("POST", address(PAGE, ["keys", publicKey, "rotate"]));

/** @param {string} publicKey */
export const revokeKeys = (publicKey) => request("DELETE", address(PAGE, ["keys", publicKey]));

/** @param {string} collectionId @param {boolean} on */
export const setThumbnails = (collectionId, on) =>
  request("PUT", address(PAGE, ["collections", collectionId, "thumbnails"]), { json: { on } });
