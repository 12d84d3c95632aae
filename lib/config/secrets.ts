/** Which texts of a config are secret, so that no log, page or error shows them. @module */
import type { Json } from "../nouns.ts";
import type { Config } from "./schema.ts";
import type { Substitution } from "./environment.ts";
import { formsOf, longestFirst, maskDeep, maskText } from "./mask.ts";
import { renderPath } from "./mistake.ts";
import { substitutionsOf } from "./substitutions.ts";
import { tellsOf } from "./telling_key.ts";

/**
 * Shorter values from the environment (`8080`, `info`) are no secrets unless their place says so, and a shorter password
 * stands in other words too.
 */
const LEAST_LENGTH = 8;

/**
 * Every secret of a config, in every form that `formsOf` knows: what stands under a key that says so (`secrets`,
 * `token`, `webhookUrl`, …), passwords inside URLs, and whatever came from the environment and is longer than a port or a
 * word.
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
      last = { config, secrets: longestFirst([...known]) };
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
    ...variables.flatMap(urlCredentials),
  ];
  return formsOf(found);
}

/** A copy of `config` to show: every secret in it masked, wherever it stands. */
export function maskSecrets(config: Config): Config {
  const secrets = secretValues(config);
  return maskDeep(config, (text) => maskText(text, secrets), (key) => key);
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
  const { password } = userOf(text);
  return password === "" ? [] : [password, decoded(password)];
}

/** The same, and as it goes with the user's name into a header. */
function urlCredentials(text: string): string[] {
  const { name, password } = userOf(text);
  return password === "" ? [] : [...urlPasswords(text), `${decoded(name)}:${decoded(password)}`];
}

function userOf(text: string): { name: string; password: string } {
  const authority = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(text)?.[1] ?? "";
  const user = authority.slice(0, Math.max(0, authority.lastIndexOf("@")));
  const [name = "", ...password] = user.split(":");
  return { name, password: password.join(":") };
}

/** A part of a URL, or itself where it is none that can be decoded. */
export function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/**
 * What of a header's value is secret by itself: what comes after its scheme, `Bearer …`; of `Basic …` also the name and the
 * password that it stands for.
 */
export function credentialsIn(value: string): string[] {
  const [, scheme = "", credential] = /^(\S+)\s+(\S+)$/.exec(value) ?? [];
  if (credential === undefined) return [];
  if (scheme.toLowerCase() !== "basic") return [credential];
  try {
    const both = new TextDecoder().decode(Uint8Array.fromBase64(credential));
    const password = both.slice(both.indexOf(":") + 1);
    return [credential, both, ...password.length < LEAST_LENGTH ? [] : [password]];
  } catch {
    return [credential]; // no base64
  }
}

function secretTexts(node: Json, telling: ReturnType<typeof tellsOf>): string[] {
  if (typeof node === "string") {
    const ofUrl = urlCredentials(node);
    if (telling === null || (telling === "perhaps" && node.length < LEAST_LENGTH)) return ofUrl;
    return [node, ...credentialsIn(node), ...ofUrl];
  }
  if (Array.isArray(node)) return node.flatMap((item) => secretTexts(item, telling));
  if (node === null || typeof node !== "object") return [];
  return Object.entries(node).flatMap(([key, item]) => {
    const tells = tellsOf(key);
    return secretTexts(item, telling === "secret" ? telling : tells ?? telling);
  });
}
