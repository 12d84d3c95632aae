/** Where the program is. @module */
import { fromFileUrl } from "@std/path";

/** Folder that holds deno.json, with a slash at its end. */
export const PROJECT = fromFileUrl(new URL("../", import.meta.url));
