/** What an attempt sent, as the plugin's process tells it: checked, masked and held to a measure. @module */
import type { Sent } from "../nouns.ts";
import { maskSent } from "./mask.ts";

/** Bounds on what is kept of one attempt. */
export const SENT_LIMITS = {
  /** Things sent; of more it is only told how many. */
  items: 4,
  /** Characters that say what one thing is. */
  what: 300,
  /** Characters of all bodies together. */
  body: 2000,
} as const;

/** Something sent, as the process tells it. */
export interface SentTold {
  what: string;
  status: number | null;
  body: string;
  /** Characters of the body that were left out. */
  left: number;
}

/**
 * What a process told. Throws when it is not of its form.
 *
 * @param secrets Texts to mask, longest first; also where a text was cut within one of them.
 */
export function readSent(told: unknown, secrets: readonly string[]): Sent[] {
  if (told === undefined) return [];
  if (!Array.isArray(told) || told.length > SENT_LIMITS.items + 1) throw new Error("sent");
  let room: number = SENT_LIMITS.body;
  return told.map((item) => {
    const { what, status, body, left } = Object(item) as Record<keyof SentTold, unknown>;
    if (typeof what !== "string" || what.length > SENT_LIMITS.what) throw new Error("what was sent");
    if (typeof body !== "string" || (room -= body.length) < 0) throw new Error("body of what was sent");
    const more = Number.isSafeInteger(left) && Number(left) > 0 ? `… (${left} more characters)` : "";
    return {
      what: maskSent(what.toWellFormed(), secrets, what.length === SENT_LIMITS.what),
      status: Number.isSafeInteger(status) ? Number(status) : null,
      body: maskSent(body.toWellFormed(), secrets, more !== "") + more,
    };
  });
}
