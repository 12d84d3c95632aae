/** JSON with mistakes that a person can find: line, column and what to do. @module */
import type { Json } from "../nouns.ts";

/** Text that is not JSON. The message never repeats the text, which may hold a secret. */
export class JsonSyntaxError extends SyntaxError {
  override name = "JsonSyntaxError";
  /**
   * @param line From 1.
   * @param column From 1, in UTF-16 units.
   * @param hint What to do about it.
   */
  constructor(
    problem: string,
    public readonly line: number,
    public readonly column: number,
    public readonly hint?: string,
  ) {
    super(problem);
  }
}

const SPACE = /[ \t\r\n]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /[A-Za-z_$][\w$]*/y;
const WORDS: Record<string, Json> = { true: true, false: false, null: null };

/**
 * Reads JSON as RFC 8259 has it, and refuses two equal keys in one object, which `JSON.parse` passes over in silence.
 * A byte order mark at the start is ignored.
 *
 * @throws {JsonSyntaxError} Where the text is not JSON.
 */
export function parseJson(text: string): Json {
  let at = text.startsWith("\ufeff") ? 1 : 0;

  const fail = (problem: string, hint?: string, position = at): never => {
    const lines = text.slice(0, position).split("\n");
    throw new JsonSyntaxError(problem, lines.length, lines.at(-1)!.length + 1, hint);
  };
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) at += found.length;
    return found;
  };
  /** By hand: a regular expression for all of a text fails at some megabytes. */
  const takeText = (): string | undefined => {
    if (text[at] !== '"') return undefined;
    for (let end = at + 1; end < text.length;) {
      const character = text[end]!;
      if (character === '"') {
        const found = text.slice(at, end + 1);
        at = end + 1;
        return found;
      }
      ESCAPE.lastIndex = end;
      if (character === "\\" ? !ESCAPE.test(text) : character < " ") return undefined;
      end = character === "\\" ? ESCAPE.lastIndex : end + 1;
    }
    return undefined;
  };
  const skip = () => {
    take(SPACE);
    if (/\/[/*]/y.test(text.slice(at, at + 2)) || text[at] === "#") {
      fail("a comment", "JSON has no comments: remove it");
    }
  };
  const unexpected = (wanted: string): never => {
    const found = text[at];
    if (found === undefined) {
      fail(`the file ends where ${wanted} is needed`, "is a bracket or a quote missing?");
    }
    if (found === "'") fail("a single quote", 'JSON needs double quotes: "…"');
    if (found === "\u201c" || found === "\u201d") {
      fail("a typographic quote", 'JSON needs plain double quotes: "…"');
    }
    if (found === '"') {
      fail(
        "a text that does not end, or holds a line break or an unknown escape",
        "write \\n for a line break and \\\\ for a backslash",
      );
    }
    if (found === "}" || found === "]") {
      fail(
        `unexpected ${found} where ${wanted} is needed`,
        "is there a trailing comma, or a bracket too many?",
      );
    }
    return fail(`unexpected ${JSON.stringify(found)} where ${wanted} is needed`);
  };

  const value = (depth: number): Json => {
    if (depth > 100) fail("nested more than 100 deep");
    skip();
    if (text[at] === "{") return object(depth);
    if (text[at] === "[") return array(depth);
    const quoted = takeText();
    if (quoted !== undefined) return JSON.parse(quoted);
    const number = take(NUMBER);
    if (number !== undefined) return Number(number);
    const start = at;
    const word = take(WORD);
    if (word !== undefined && Object.hasOwn(WORDS, word)) return WORDS[word]!;
    if (word !== undefined) {
      fail(
        "a word without quotes",
        "put texts in double quotes; only true, false and null go without",
        start,
      );
    }
    return unexpected("a value");
  };

  const object = (depth: number): Json => {
    const result: Record<string, Json> = {};
    members("}", () => {
      const start = at;
      const quoted = takeText();
      if (quoted === undefined) {
        if (take(WORD) !== undefined) fail("a key without quotes", "put keys in double quotes", start);
        unexpected("a key in double quotes");
      }
      const key = JSON.parse(quoted!) as string;
      if (Object.hasOwn(result, key)) {
        fail(`the key ${quoted} appears twice in one object`, "keep one of them", start);
      }
      skip();
      if (text[at] !== ":") unexpected('":"');
      at++;
      const item = value(depth + 1);
      Object.defineProperty(result, key, {
        value: item,
        enumerable: true,
        writable: true,
        configurable: true,
      });
    });
    return result;
  };

  const array = (depth: number): Json => {
    const result: Json[] = [];
    members("]", () => result.push(value(depth + 1)));
    return result;
  };

  /** What stands between brackets, with commas between; `member` reads each. */
  const members = (end: string, member: () => void) => {
    at++;
    for (let first = true;; first = false) {
      skip();
      if (text[at] === end && first) break;
      if (text[at] === end) {
        fail(`a trailing comma before ${end}`, "JSON does not permit it: remove the comma");
      }
      member();
      skip();
      if (text[at] === end) break;
      if (text[at] !== ",") missingComma(end);
      at++;
    }
    at++;
  };

  const missingComma = (end: string): never => {
    const found = text[at];
    if (found !== undefined && /["{[\w-]/.test(found)) fail("a comma is missing before this");
    return unexpected(`"," or "${end}"`);
  };

  const result = value(0);
  skip();
  if (at < text.length) fail("text after the end of the JSON", "is there a bracket too many?");
  return result;
}
