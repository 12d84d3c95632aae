/** What the doctor finds. @module */
import { given } from "../given.ts";

/** How grave a finding is: all is well; worth a look; must be mended; could not be found out. */
export type Verdict = "right" | "note" | "wrong" | "unknown";

/** One thing that was looked at. None of its texts holds a secret. */
export interface Finding {
  /** What was looked at: `clock`, `store`, … */
  check: string;
  verdict: Verdict;
  /** What was found. */
  text: string;
  /** What to do about it. */
  remedy?: string;
}

/** Makes the findings of one check. */
export function findingsOf(check: string) {
  const make = (verdict: Verdict) => (text: string, remedy?: string): Finding =>
    given({ check, verdict, text, remedy });
  return { right: make("right"), note: make("note"), wrong: make("wrong"), unknown: make("unknown") };
}
