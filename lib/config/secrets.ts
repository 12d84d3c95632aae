/** Which texts of a config are secret, so that no log, page or error shows them. @module */
import type { Json } from "../nouns.ts";
import type { Config } from "./schema.ts";
import type { Substitution } from "./environment.ts";
import { renderPath } from "./mistake.ts";
import { tellsOf } from "./telling_key.ts";

/** What stands for a secret wherever one would be shown. */
export const MASK = "•••";

/**
 * Shorter values from the environment (`8080`, `info`) are no secrets unless their place says so, and a shorter password
 * stands in other words too.
 */
const LEAST_LENGTH = 8;

const fromEnvironment = new WeakMap<Config, readonly Substitution[]>();

/** Remembers which values of `config` came from the environment. */
export function rememberSubstitutions(config: Config, substitutions: readonly Substitution[]): void {
  fromEnvironment.set(config, substitutions);
}

/** Which values of `config` came from the environment. */
export function substitutionsOf(config: Config): readonly Substitution[] {
  return fromEnvironment.get(config) ?? [];
}

/** Remembers of `to`, made of `from`, the same. Answers `to`. */
export function carrySubstitutions(from: Config, to: Config): Config {
  rememberSubstitutions(to, substitutionsOf(from));
  return to;
}

/**
 * Every secret of a config, longest first: what stands under a key that says so (`secrets`, `token`, `webhookUrl`, …),
 * passwords inside URLs, and whatever came from the environment and is longer than a port or a word.
 */
export function secretValues(config: Config): string[] {
  return secretsIn(config as unknown as Json, substitutionsOf(config));
}

/**
 * Makes a {@linkcode secretValues} that also answers the secrets of every config that it was asked for before: what was
 * begun under an older config still has those.
 */
export function createSecretMemory(): (config: Config) => string[] {
  const known = new Set<string>();
  let last: { config: Config | null; secrets: string[] } = { config: null, secrets: [] };
  return (config) => {
    if (last.config !== config) {
      for (const secret of secretValues(config)) known.add(secret);
      last = { config, secrets: [...known].sort(longestFirst) };
    }
    return last.secrets;
  };
}

/** What {@linkcode secretValues} answers, of a config that may have mistakes. */
export function secretsIn(value: Json, substitutions: readonly Substitution[]): string[] {
  const variables = substitutions.flatMap((one) => Object.values(one.variables));
  const found = [
    ...secretTexts(value, null),
    ...variables.filter((text) => text.length >= LEAST_LENGTH),
    ...variables.flatMap(urlPasswords),
  ].filter((text) => text !== "");
  return [...new Set(found.flatMap(forms))].sort(longestFirst);
}

const longestFirst = (a: string, b: string) => b.length - a.length;

/** A secret as it may be written: as it is, in a URL, in JSON, and in JSON that is a text in JSON. */
function forms(secret: string): string[] {
  const inJson = escaped(secret);
  return [secret, encodeURIComponent(secret.toWellFormed()), inJson, escaped(inJson)];
}

const escaped = (text: string) => JSON.stringify(text).slice(1, -1);

/** `text` with every one of `secrets` (longest first, as {@linkcode secretValues} gives them) masked. */
export function maskText(text: string, secrets: readonly string[]): string {
  return secrets.reduce((masked, secret) => masked.replaceAll(secret, MASK), text);
}

/** A copy of `config` to show: every secret in it masked, wherever it stands. */
export function maskSecrets(config: Config): Config {
  const secrets = secretValues(config);
  const mask = (node: Json): Json => {
    if (typeof node === "string") return maskText(node, secrets);
    if (Array.isArray(node)) return node.map(mask);
    if (node === null || typeof node !== "object") return node;
    return Object.fromEntries(Object.entries(node).map(([key, item]) => [key, mask(item)]));
  };
  return mask(config as unknown as Json) as unknown as Config;
}

/**
 * Where in a config URLs stand whose passwords are so short that masking them masks parts of other words.
 *
 * @returns Paths such as `routes[3].options.smtp`.
 */
export function shortPasswords(value: Json, path: (string | number)[] = []): string[] {
  if (typeof value === "string") {
    return urlPasswords(value).some(({ length }) => length < LEAST_LENGTH) ? [renderPath(path)] : [];
  }
  if (typeof value !== "object" || value === null) return [];
  return Array.isArray(value)
    ? value.flatMap((item, i) => shortPasswords(item, [...path, i]))
    : Object.entries(value).flatMap(([key, item]) => shortPasswords(item, [...path, key]));
}

/** The password of a URL, as written and decoded. */
function urlPasswords(text: string): string[] {
  const authority = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(text)?.[1] ?? "";
  const user = authority.slice(0, Math.max(0, authority.lastIndexOf("@")));
  const password = user.includes(":") ? user.slice(user.indexOf(":") + 1) : "";
  if (password === "") return [];
  try {
    return [password, decodeURIComponent(password)];
  } catch {
    return [password];
  }
}

function secretTexts(node: Json, telling: ReturnType<typeof tellsOf>): string[] {
  if (typeof node === "string") {
    const passwords = urlPasswords(node);
    if (telling === null || (telling === "perhaps" && node.length < LEAST_LENGTH)) return passwords;
    const [, ofScheme] = /^\S+\s+(\S+)$/.exec(node) ?? []; // "Bearer …"
    return [node, ...ofScheme ? [ofScheme] : [], ...passwords];
  }
  if (Array.isArray(node)) return node.flatMap((item) => secretTexts(item, telling));
  if (node === null || typeof node !== "object") return [];
  return Object.entries(node).flatMap(([key, item]) => {
    const tells = tellsOf(key);
    return secretTexts(item, telling === "secret" ? telling : tells ?? telling);
  });
}
