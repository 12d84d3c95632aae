/** What is said of a file of a person's that cannot be read as what it should be. @module */
import { existsSync } from "node:fs";
import { join } from "@std/path";
import { messageOf } from "../message_of.ts";

/** What is wrong, to be read after the file's name, and what to do about it. */
export interface Unreadable {
  problem: string;
  hint: string;
}

/** Of a file that is there: why reading it failed. */
export function unreadable(file: string, error: unknown): Unreadable {
  if (!isFolder(file)) {
    return { problem: `cannot be read: ${messageOf(error)}`, hint: "check who may read the file" };
  }
  const inside = join(file, "config.json");
  return {
    problem: "is a folder",
    hint: existsSync(inside) ? `name the file in it: ${inside}` : "a file belongs there",
  };
}

/** Of a text in which no JSON could be found: that it is empty, or none; null where it is one with a mistake in it. */
export function noText(text: string): Unreadable | null {
  if (text.trim() === "") {
    return {
      problem: "is empty",
      hint: "write into it, or take it away: `deno task start` makes a first one where there is none",
    };
  }
  return /[^\P{Cc}\s]|\ufffd/u.test(text.slice(0, 100))
    ? { problem: "is no text in UTF-8", hint: "name another file; if it is the right one, save it as UTF-8" }
    : null;
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}
