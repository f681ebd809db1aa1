// A misspelt field is an error of the compiler, and an unknown value is not.
import type { Image, Transform } from "./visualsnoop";
import type { components } from "./visualsnoop-paths";

// @ts-expect-error: it is image_id
export type MisspeltInOne = Image["imageId"];
// @ts-expect-error: it is image_id
export type MisspeltInTheOther = components["schemas"]["Image"]["imageId"];

export const unknown: Transform = "of a newer server";
