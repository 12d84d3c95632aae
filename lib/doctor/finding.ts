/** What the doctor finds. @module */
import type { Mistake } from "../config/mistake.ts";
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
  const wrong = make("wrong");
  return {
    right: make("right"),
    note: make("note"),
    wrong,
    unknown: make("unknown"),
    /** A mistake of the config. */
    mistaken: ({ path, problem, permitted, hint }: Mistake, file?: string) =>
      wrong(
        [file, path, problem].filter((part) => part).join(": "),
        hint ?? (permitted === undefined
          ? "mend that place; `deno task check` shows what is left"
          : `permitted: ${permitted}`),
      ),
  };
}
