/** When a person must hear that a source has gone silent. A pure policy. @module */
import type { JsonObject } from "../nouns.ts";

/** Told when nothing was taken for `silentMinutes`; see {@linkcode createSilence}. */
export const SILENT_EVENT_TYPE = "relay.source.silent";

const MINUTE = 60_000, DAY = 24 * 60 * MINUTE;
const GRACE_MS = 10 * MINUTE;

/** Follows one source. Times in milliseconds since 1970. */
export interface Silence {
  /** Something rightly signed was taken; answers what to tell now: mostly nothing. */
  heard(at: number): JsonObject[];
  /** To be called now and then. */
  tick(now: number): JsonObject[];
  /** Whether {@linkcode tick} would tell something: time to look whether another relay has heard the source. */
  isDue(now: number): boolean;
}

/**
 * Follows one source. What it tells is the `data` of a `relay.source.silent`, with `state` `silent` when nothing came
 * for `silentMinutes` and once a day while that lasts, and `heard` at the first delivery after.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { createSilence } from "./silence.ts";
 *
 * const silence = createSilence("cryptosync", 10, { heardAt: 0, listeningSince: 0, told: false });
 * assertEquals([9, 10, 11].map((minute) => silence.tick(minute * 60_000).length), [0, 1, 0]);
 * assertEquals(silence.heard(12 * 60_000)[0]?.["state"], "heard");
 * ```
 *
 * @param before When it was last heard, since when this process listens (after a pause it gives the source time to be
 * heard), and whether a process before this one has told of the silence.
 */
export function createSilence(
  source: string,
  silentMinutes: number,
  before: { heardAt: number; listeningSince: number; told: boolean },
): Silence {
  const grace = Math.min(silentMinutes * MINUTE, GRACE_MS);
  let last = before.heardAt;
  let outstanding = before.told;
  let toldAt = before.told ? last + silentMinutes * MINUTE : -Infinity;

  function isDue(now: number): boolean {
    last = Math.min(last, now); // the clock was set back
    if (now - before.listeningSince < grace) return false;
    return now - last >= silentMinutes * MINUTE && now - toldAt >= DAY;
  }

  return {
    isDue,
    heard(at) {
      const heardBefore = last;
      last = at;
      toldAt = -Infinity;
      if (!outstanding) return [];
      outstanding = false;
      return [{
        summary: `${source} is heard again`,
        severity: "info",
        source,
        state: "heard",
        silentSince: new Date(heardBefore).toISOString(),
        at: new Date(at).toISOString(),
      }];
    },
    tick(now) {
      if (!isDue(now)) return [];
      toldAt = now;
      outstanding = true;
      const minutes = Math.floor((now - last) / MINUTE);
      return [{
        summary:
          `${source} has received nothing for ${
            spell(minutes)
          }: look in the provider's dashboard whether the ` +
          "webhook is disabled, and whether its URL still leads here",
        severity: "warning",
        source,
        state: "silent",
        silentMinutes,
        minutes,
        silentSince: new Date(last).toISOString(),
      }];
    },
  };
}

function spell(minutes: number): string {
  if (minutes < 1) return "less than a minute";
  if (minutes === 1) return "a minute";
  return minutes < 120 ? `${minutes} minutes` : `${Math.floor(minutes / 60)} hours`;
}
