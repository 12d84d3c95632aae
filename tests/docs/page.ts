/** The blocks of a page: what a reader would type, save or paste. @module */

/** A fenced block. */
export interface Block {
  /** `sh`, `json`, `ts`, … */
  kind: string;
  text: string;
  /** The comment before it, which readers do not see: `not run: …`, `needs the relay stopped`; else empty. */
  note: string;
}

const FENCED = /(?:<!-- (.*?) -->\s*)?^( *)```(\w+)\n(.*?)^ *```$/gms;

/** The fenced blocks of a page, in order; those in lists without their indentation. */
export function blocksOf(markdown: string): Block[] {
  return [...markdown.matchAll(FENCED)].map(([, note = "", indent = "", kind = "", text = ""]) => ({
    kind,
    note,
    text: text.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
  }));
}

/** The commands of a `sh` block, one a line. */
export function commandsOf({ text }: Pick<Block, "text">): string[] {
  return text.split("\n").map((line) => line.replace(/(^|\s)#.*$/, "").trim()).filter((line) => line !== "");
}
