// All words of the page, in one place. Numbers and dates follow the locale of the browser.

const number = new Intl.NumberFormat();
const date = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const percent = new Intl.NumberFormat(undefined, { style: "percent" });

/** @param {number} value */
export const formatNumber = (value) => number.format(value);

/** @param {string} iso */
export const formatTime = (iso) => date.format(new Date(iso));

/** @param {number} share */
export const formatPercent = (share) => percent.format(share);

/** @param {number} count @param {string} one @param {string} many */
const counted = (count, one, many) => `${formatNumber(count)} ${count === 1 ? one : many}`;

/** @param {number} count */
export const images = (count) => counted(count, "image", "images");

/** What was done to the picture that is searched for, by the value of `transform`. */
const TRANSFORMS = new Map([
  ["none", ""],
  ["mirrored", "mirrored"],
  ["rotated_90", "turned right"],
  ["rotated_180", "upside down"],
  ["rotated_270", "turned left"],
  ["mirrored_rotated_90", "mirrored, turned right"],
  ["mirrored_rotated_180", "mirrored, upside down"],
  ["mirrored_rotated_270", "mirrored, turned left"],
]);

/** @param {string} transform A value that is not known yet is left out. */
export const transformText = (transform) => TRANSFORMS.get(transform) ?? "";

export const texts = {
  views: {
    look: "Look",
    search: "Search",
    duplicates: "Duplicates",
    add: "Add",
    keys: "Keys",
  },
  plain: "This connection is not encrypted: use it in a network that you trust.",
  offline: "The service does not answer. The page goes on as soon as it does.",
  back: "The service answers again.",
  signedOut: "You are signed out: the keys were revoked or have expired, or a day has passed.",
  cancel: "Cancel",
  close: "Close",
  undo: "Undo",
  retry: "Try again",
  signIn: {
    title: "Sign in",
    hint: "Open the link that “visualsnoop look” prints, or type a key pair of the collection.",
    publicKey: "Public key",
    secretKey: "Secret key",
    submit: "Sign in",
    byLink: "Signing in…",
    linkRefused: "This link has been used already, or is too old. Make another by “visualsnoop look”.",
    refused: "The service does not know this key pair, or it is not valid any more.",
    out: "Sign out",
  },
  look: {
    title: "Images",
    /** @param {number} count */
    count: (count) => images(count),
    empty: "There are no images yet.",
    emptyAction: "Add some",
    /** @param {string} id */
    noThumbnails: (id) =>
      `This collection keeps no thumbnails, so there is nothing to see but names. The operator of the service can turn them on: visualsnoop collections thumbnails ${id} on. Images that are added from then on have one.`,
    noThumbnail: "No thumbnail",
  },
  details: {
    time: "Added",
    size: "Size",
    quality: "Detail",
    qualityOf: "of 100",
    poor: "next to none: only the same picture is found",
    copies: "Copies of it",
    noCopies: "No copies of it are in the collection.",
    similar: "Search for similar ones",
    remove: "Delete",
    removed: "Deleted",
    unknown: "not known",
  },
  search: {
    title: "Search by a picture",
    drop: "Drop a picture here, paste one, or",
    choose: "choose a file",
    camera: "take a photo",
    another: "Search by another picture",
    searching: "Searching…",
    parts: "Always look for its parts, too, as of a collage",
    threshold: "Lowest score",
    copiesFrom: "From 0.7 on, hits are copies with hardly an exception.",
    none: "Nothing like it is in the collection.",
    /** @param {number} hidden */
    hidden: (hidden) => `${counted(hidden, "hit has", "hits have")} a lower score.`,
    query: "Your picture",
    overlap: "in common",
    /** @param {number} count */
    several: (count) => `Your picture has ${formatNumber(count)} parts that are in the collection.`,
    /** @param {number} part */
    part: (part) => `Part ${formatNumber(part)} of your picture`,
    notAnImage: "That is no picture file.",
    regionQuery: "Where the hit is in your picture",
    regionHit: "Where your picture is in the hit",
  },
  duplicates: {
    title: "Duplicates",
    /** @param {number} count */
    count: (count) => counted(count, "group of copies", "groups of copies"),
    none: "No image is a copy of another.",
    comparing: "Images that came at once are still being compared…",
    keep: "Keep only this",
    keepAll: "Not duplicates",
    skip: "Skip",
    next: "Next group",
    previous: "Group before",
    /** @param {number} number @param {number} total */
    position: (number, total) => `Group ${formatNumber(number)} of ${formatNumber(total)}`,
    keyboard: "Keys: 1–9 keep that image, N not duplicates, ← → go through the groups, U undo.",
    keyboardReadOnly: "Keys: ← → go through the groups.",
    /** @param {number} shown @param {number} count */
    partial: (shown, count) =>
      `The oldest ${formatNumber(shown)} of ${images(count)} are shown; others follow when some are deleted.`,
    readOnly: "These keys are read-only: you can look, but not delete.",
    /** @param {number} count */
    deleted: (count) => `Deleted ${images(count)}`,
    decided: "Noted: not duplicates",
    undone: "Undone",
    undoFailed: "Could not be undone",
    done: "All groups have been gone through.",
    /** @param {number} quality */
    detail: (quality) => `detail ${quality}`,
    best: "most detail",
    largest: "largest",
    oldest: "oldest",
    score: "alike",
  },
  add: {
    title: "Add images",
    drop: "Drop files or folders here, or choose",
    files: "files",
    folder: "a folder",
    ids: "The name of a file becomes its ID; in a folder it is the path from there.",
    check: "Point out copies of what is there before adding",
    update: "Replace images that have the same ID",
    pause: "Pause",
    resume: "Go on",
    waiting: "waiting",
    checking: "looking for copies",
    sending: "sending",
    added: "added",
    updated: "replaced",
    paused: "Waiting for the service…",
    skipped: "left out",
    there: "there already",
    /** @param {string} id @param {number} score */
    copyOf: (id, score) => `a copy of ${id} (${score.toFixed(2)})`,
    addAnyway: "Add anyway",
    leaveOut: "Leave out",
    addAll: "Add all copies",
    leaveAll: "Leave out all copies",
    /** @param {number} done @param {number} total */
    progress: (done, total) => `${formatNumber(done)} of ${formatNumber(total)}`,
    /** @param {number} added @param {number} copies @param {number} refused */
    summary: (added, copies, refused) =>
      `${formatNumber(added)} added · ${counted(copies, "copy", "copies")} · ${formatNumber(refused)} refused`,
    twice: "Another file here has this ID.",
    taken: "There is an image of this ID already.",
    readOnly: "These keys are read-only: sign in with others to add images.",
    retryRefused: "Try the refused ones again",
  },
  keys: {
    title: "Collections and keys",
    collection: "Collection",
    user: "User",
    publicKey: "Public key",
    access: "Access",
    expires: "Expires",
    never: "never",
    expired: "expired",
    readOnly: "read only",
    readWrite: "read and write",
    onlyRead: "For reading only: they can change nothing",
    create: "New key pair",
    newCollection: "New collection",
    name: "Name",
    expiresOn: "Expires on",
    rotate: "Rotate",
    revoke: "Revoke",
    makeReadOnly: "Make read-only",
    setExpiry: "Set expiry",
    once: "This secret key is shown this once. Keep it now:",
    secretKey: "Secret key",
    copy: "Copy",
    copied: "Copied",
    confirmRevoke: "Revoke this key pair? Whoever uses it is refused from then on.",
    confirmRotate: "Replace this key pair by a new one? The old one stops working at once.",
    thumbnails: "Thumbnails",
    on: "on",
    off: "off",
    turnOff: "Turn off",
    turnOn: "Turn on",
    confirmOff: "Delete all thumbnails of this collection, and keep none from now on?",
    keepThumbnails: "Keep thumbnails of its images",
    noKeys: "Nobody has keys of it.",
    none: "There are no collections yet.",
    save: "Save",
  },
};
