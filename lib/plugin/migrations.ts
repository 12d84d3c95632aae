import type { Change, Json } from "../nouns.ts";

/** A contract that left one platform for another: two changes that belong together. */
export interface Migration {
  /** The address that is gone. */
  removal: Change;
  /** The address in its place. */
  addition: Change;
}

/**
 * Pairs the removals and additions of `platforms.*` among `changes`: first those of one address (the platform's key
 * changed), then, when just one of each is left, those two. Where it is not plain which belong together, none are
 * paired.
 *
 * @example
 * ```ts
 * import { pairMigrations } from "coinrelay/plugin";
 * import { assertEquals } from "@std/assert";
 *
 * const removal = { field: "platforms.xdai", change_type: "removal" as const, old_value: "0xA" };
 * const addition = { field: "platforms.ethereum", change_type: "addition" as const, new_value: "0xB" };
 * assertEquals(pairMigrations([addition, removal]), [{ removal, addition }]);
 * ```
 */
export function pairMigrations(changes: readonly Change[]): Migration[] {
  const platforms = changes.filter((change) => change.field.startsWith("platforms."));
  const removals = new Set(platforms.filter((change) => change.change_type === "removal"));
  const additions = new Set(platforms.filter((change) => change.change_type === "addition"));
  const pairs: Migration[] = [];
  const pair = (removal: Change, addition: Change) => {
    pairs.push({ removal, addition });
    removals.delete(removal);
    additions.delete(addition);
  };
  for (const removal of [...removals]) {
    const same = [...additions].filter((addition) => sameAddress(removal.old_value, addition.new_value));
    const [addition] = same;
    if (addition && same.length === 1) pair(removal, addition);
  }
  const [removal] = removals;
  const [addition] = additions;
  if (removal && addition && removals.size === 1 && additions.size === 1) pair(removal, addition);
  return pairs;
}

/** Capitals are but the checksum of an EVM address. */
function sameAddress(a: Json | undefined, b: Json | undefined): boolean {
  if (typeof a !== "string" || typeof b !== "string" || a === "") return false;
  return a === b || /^0x[0-9a-f]{40}$/i.test(a) && a.toLowerCase() === b.toLowerCase();
}
