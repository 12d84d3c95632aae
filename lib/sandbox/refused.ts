/** Remembers what plugins tried to reach and were not allowed. @module */
import type { PluginRefusal } from "./process_spec.ts";
import { GRANTABLE } from "./protocol.ts";

/** Something that a plugin tried and was not allowed. */
export interface RefusedAccess {
  /** `net`, `read`, `write`, `env`, `sys`, `run`, `ffi` or `import`. */
  kind: string;
  /** Such as `evil.example:443` or a path; `*` for all of a kind. */
  target: string;
  /** The route in whose run it was last tried; null outside of a run. */
  route: string | null;
  count: number;
  /** Milliseconds since 1970. */
  lastAt: number;
  /** What a route in config.json would need to allow it; null for what no route can. */
  remedy: string | null;
}

/** Refused accesses remembered for a plugin: one that tries everything fills no memory. */
const MOST = 50;

/**
 * Notes a refusal in `known`.
 *
 * @param isNever Whether a target stays closed whatever a route grants.
 * @returns The access as it is known now, when it is the first of its kind and target; null otherwise.
 */
export function noteRefusal(
  known: Map<string, RefusedAccess>,
  { kind, target, job }: PluginRefusal,
  now: number,
  isNever: (kind: string, target: string) => boolean,
): RefusedAccess | null {
  const key = `${kind} ${target}`;
  const before = known.get(key);
  if (!before && known.size >= MOST) return null;
  const remedy = before
    ? before.remedy
    : GRANTABLE.includes(kind) && target !== "*" && !isNever(kind, target)
    ? `"allow": { "${kind}": [${JSON.stringify(target)}] }`
    : null;
  const access = {
    kind,
    target,
    route: job?.route ?? null,
    count: (before?.count ?? 0) + 1,
    lastAt: now,
    remedy,
  };
  known.set(key, access);
  return before ? null : access;
}

/** A refused access as a sentence without its subject. */
export function refusalText({ kind, target, remedy }: RefusedAccess): string {
  const [one, all] = WORDS[kind] ?? [kind, kind];
  const tried = target === "*" ? all : `${one} ${target}`;
  const help = remedy === null ? "which no route can allow" : `which its route would allow with ${remedy}`;
  return `tried to ${tried}, ${help}`;
}

/** What was tried of each kind: with one target, with all there are. */
const WORDS: Readonly<Record<string, readonly [one: string, all: string]>> = {
  net: ["reach", "reach any host"],
  read: ["read", "read any file"],
  write: ["write", "write any file"],
  env: ["read the environment variable", "read the whole environment"],
  sys: ["ask the system for", "ask the system for anything"],
  run: ["run", "run programs"],
  ffi: ["load the library", "load libraries"],
  import: ["import from", "import from any host"],
};
