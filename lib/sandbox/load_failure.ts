/** Why a plugin could not be loaded. @module */
import { didYouMean } from "../config/suggest.ts";
import type { LoadStage } from "./protocol.ts";

/** What a plugin can import of this program. */
const OURS = ["coinrelay/plugin", "coinrelay/plugin/words", "coinrelay/plugin/testing"];

/** Thrown when a plugin cannot be loaded. */
export class LoadFailure extends Error {
  override name = "LoadFailure";
  /** Relative to the plugins folder. */
  readonly file: string | null;
  readonly line: number | null;
  /** Whether it may pass without a change of the file: its process failed, not its module. */
  readonly passing: boolean;

  constructor(
    readonly stage: LoadStage,
    message: string,
    { file = null, line = null, passing = false }: Partial<Pick<LoadFailure, "file" | "line" | "passing">> =
      {},
  ) {
    super(stage === "import" ? forAuthor(message, file) : message);
    this.file = file;
    this.line = line;
    this.passing = passing;
  }
}

/**
 * What the runtime says of a module that it does not load, in the words of who wrote the module: without what only the
 * runtime's command line can do, without the place where `file` says that already, and with what to do.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(
 *   forAuthor("TypeError: SyntaxError: Expected ';'\n  |\n3 | let a b\n    at x.ts:3:7", "x.ts"),
 *   "SyntaxError: Expected ';'\n  |\n3 | let a b",
 * );
 * assertEquals(
 *   forAuthor('Import "axios" not a dependency and not in import map from "file:///plugins/x.ts"', "x.ts"),
 *   'nothing is imported as "axios": of npm, write "npm:axios"',
 * );
 * ```
 */
export function forAuthor(message: string, file: string | null): string {
  const place = file === null ? "" : ` at ${file}:`;
  const at = place === "" ? -1 : message.search(/\s+at [^\n]*:\d+:\d+$/);
  const whole = at >= 0 && message.slice(at).replace(/\s+/g, " ").startsWith(place)
    ? message.slice(0, at)
    : message;
  const plain = whole
    .replace(/^TypeError: (?=SyntaxError: |Module not found|Attempted to load JSON|Requires )/, "")
    .replace(" or run with --sloppy-imports", "");
  const unknown = /^Import "([^"]+)" not a dependency/.exec(plain)?.[1];
  if (unknown !== undefined) {
    return `nothing is imported as ${JSON.stringify(unknown)}: ${
      didYouMean(unknown, OURS) ?? `of npm, write ${JSON.stringify(`npm:${unknown}`)}`
    }`;
  }
  const hint = HINTS.find(([of]) => of.test(plain))?.[1];
  return hint === undefined ? plain : `${plain.replace(/\.$/, "")}: ${hint}`;
}

const HINTS: readonly [of: RegExp, hint: string][] = [
  [
    /^ReferenceError: (require|module|exports) is not defined$/,
    'a plugin is no CommonJS: write `import … from "…"` and `export default { … }`',
  ],
  [/^ReferenceError: __(dirname|filename) is not defined$/, "write `import.meta.dirname` or `.filename`"],
  [/^Attempted to load JSON module .* statement\.$/, 'write `import … from "…" with { type: "json" }`'],
];
