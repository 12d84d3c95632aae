/** Stands in for `@std/dotenv` where JSR cannot be reached. @module */

/** `NAME=value`, the value in single quotes, in double quotes, or bare up to a `#`. Quoted ones may span lines. */
const ASSIGNMENT =
  /^\s*(?:export\s+)?([^\s=#]+?)\s*=[ \t]*(?:'\r?\n?([^']*?)\r?\n?'|"\r?\n?((?:[^"\\]|\\[\s\S])*?)\r?\n?"|([^\r\n#]*)) *#*.*$/gm;
const NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const ESCAPES: Record<string, string> = { n: "\n", r: "\r", t: "\t", '"': '"', "'": "'", "\\": "\\" };

/**
 * Reads `NAME=value` lines; what is no name is passed over. Unlike the library it does not expand `$NAME` in bare
 * values, which nothing here relies on.
 */
export function parse(text: string): Record<string, string> {
  const found: Record<string, string> = Object.create(null);
  for (const [, name = "", single, double, bare = ""] of text.matchAll(ASSIGNMENT)) {
    if (!NAME.test(name)) continue;
    const unescaped = double?.replace(/\\([\s\S])/g, (whole, character) => ESCAPES[character] ?? whole);
    found[name] = single ?? unescaped ?? bare.trim();
  }
  return found;
}
