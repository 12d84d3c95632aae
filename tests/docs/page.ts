/** What a page has a reader type, save or paste: its blocks, and the commands in its sentences and tables. @module */

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

/** Whose commands a reader may type. */
const PROGRAM =
  /^(?:[A-Z_]+=\S+ )*(?:sudo )?(?:deno|npx|git|coinrelay|systemctl|systemd-analyze|journalctl|ssh|iostat|docker|psql|curl) /;

/** The commands that stand as code in sentences and tables, each once; options alone (`--last 1000`) among them. */
export function commandsInPassing(markdown: string): string[] {
  const prose = markdown.replaceAll(/^ *```.*?^ *```$/gms, "").replaceAll(/<!--.*?-->/gs, "");
  const code = [...prose.matchAll(/`([^`]+)`/g)].map(([, text]) => text!.replaceAll(/\s+/g, " "));
  return [...new Set(code.filter((text) => PROGRAM.test(text) || text.startsWith("--")))];
}
