/** Stands in for `@std/dotenv` where JSR cannot be reached. @module */
import { parseEnv } from "node:util";

/** Reads `NAME=value` lines. Unlike the library it does not expand `$NAME` in values, which nothing here relies on. */
export function parse(text: string): Record<string, string> {
  return { ...parseEnv(text) } as Record<string, string>;
}
