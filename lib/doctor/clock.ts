/** Whether this machine's clock is right: compared with the `Date` that servers elsewhere answer with. @module */
import { type Finding, findingsOf } from "./finding.ts";

/** Registries that Deno itself talks to, so that nobody new hears of this machine. */
export const CLOCK_URLS: readonly string[] = ["https://jsr.io/", "https://registry.npmjs.org/"];

/** How far the clock is off, and how well that is known. In milliseconds. */
export interface Skew {
  /** Positive: this clock is ahead. */
  ms: number;
  /** Half the time that the answer took, and half of the second that `Date` is rounded to. */
  uncertainMs: number;
  /** Whose clock it was compared with. */
  host: string;
}

/** A skew beyond this is worth a look, although nothing is refused yet. */
const NOTE_MS = 5_000;
const TIMEOUT_MS = 5_000;

const { right, note, wrong, unknown } = findingsOf("clock");

/** Asks the first of `urls` that answers; null when none does. */
export async function measureSkew(urls: readonly string[], now: () => number): Promise<Skew | null> {
  for (const url of urls) {
    try {
      const sent = now();
      const response = await fetch(url, {
        method: "HEAD",
        redirect: "manual",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const came = now();
      await response.body?.cancel();
      const skew = skewOf(response.headers.get("date"), sent, came);
      if (skew !== null) return { ...skew, host: new URL(url).host };
    } catch {
      // the next may answer
    }
  }
  return null;
}

/**
 * What a `Date` header says about our clock. `null` when it says nothing.
 *
 * @param sent When the question was sent, by our clock; `came` when the answer came.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const date = "Tue, 14 Nov 2023 22:13:20 GMT"; // 1700000000
 * assertEquals(skewOf(date, 1700000060_000, 1700000060_200), { ms: 59600, uncertainMs: 600 });
 * assertEquals(skewOf("yesterday", 0, 0), null);
 * ```
 */
export function skewOf(date: string | null, sent: number, came: number): Omit<Skew, "host"> | null {
  const theirs = Date.parse(date ?? "");
  if (Number.isNaN(theirs)) return null;
  const trip = came - sent;
  return { ms: Math.round(sent + trip / 2 - (theirs + 500)), uncertainMs: Math.round(500 + trip / 2) };
}

/** @param maxAgeSeconds The shortest that a source permits a delivery to be old. */
export function judgeClock(skew: Skew | null, maxAgeSeconds: number): Finding {
  if (skew === null) {
    return unknown(
      "not compared: no server elsewhere answered",
      "`timedatectl` tells whether the system keeps it right; --clock-url names a server to compare with",
    );
  }
  const off = Math.max(0, Math.abs(skew.ms) - skew.uncertainMs);
  const words = `${Math.round(Math.abs(skew.ms) / 1000)} s ${
    skew.ms > 0 ? "ahead of" : "behind"
  } ${skew.host}`;
  const remedy = "turn on time synchronisation: `timedatectl set-ntp true`, or chrony";
  if (off > maxAgeSeconds * 1000) {
    return wrong(
      `this machine's clock is ${words}: every delivery is refused as too old or from the future`,
      remedy,
    );
  }
  if (off > NOTE_MS) {
    return note(
      `this machine's clock is ${words}; deliveries are refused from ${maxAgeSeconds} s on`,
      remedy,
    );
  }
  return right(`agrees with ${skew.host} to ${Math.ceil((off + skew.uncertainMs) / 1000)} s`);
}
