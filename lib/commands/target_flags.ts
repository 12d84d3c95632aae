/** Reads the flags that say where to: to which source, to which URL. @module */
import type { Config, SourceConfig } from "../config/schema.ts";
import { nearOrAll } from "../config/suggest.ts";
import { UsageError } from "./command.ts";

/**
 * The source that `--source` names; the first without it.
 *
 * @throws {UsageError} With a suggestion.
 */
export function sourceNamed({ sources }: Pick<Config, "sources">, wanted = sources[0]!.name): SourceConfig {
  const source = sources.find(({ name }) => name === wanted);
  if (source) return source;
  const names = sources.map(({ name }) => name);
  throw new UsageError(`no source is called ${JSON.stringify(wanted)}: ${nearOrAll(wanted, names)}`);
}

/**
 * Reads a flag's value as a URL of the web.
 *
 * @throws {UsageError} When it is none.
 */
export function webUrl(flag: string, text: string): URL {
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol)) return url;
  throw new UsageError(`${flag} takes a whole URL, such as https://relay.example.com/webhook`);
}
