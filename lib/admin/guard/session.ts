/**
 * Who may do what: tokens, and the session cookies that stand for them in a browser.
 *
 * A session is not kept anywhere: its cookie says the role and the end, sealed with a key made from the token, so it
 * outlives a restart and ends when the token changes.
 *
 * @module
 */
import { timingSafeEqual } from "@std/crypto/timing-safe-equal";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import type { Config } from "../../config/schema.ts";

/** `read` may look and change nothing. */
export type Role = "full" | "read";

type Tokens = Pick<Config["admin"], "token" | "readToken">;

/** Name of the session cookie. */
export const SESSION_COOKIE = "coinrelay_session";
/** How long a session lasts. */
export const SESSION_SECONDS = 7 * 24 * 3600;

const encoder = new TextEncoder();

/** The role that a token gives; null: none. Takes the same time whatever is wrong with it. */
export function roleOfToken(given: string, { token, readToken }: Tokens): Role | null {
  const full = token !== undefined && sameText(given, token);
  const read = readToken !== undefined && sameText(given, readToken);
  return full ? "full" : read ? "read" : null;
}

/** Makes a session for a role. `now` in milliseconds since 1970. */
export function makeSession(role: Role, tokens: Tokens, now: number): string {
  const says = `${role}.${Math.floor(now / 1000) + SESSION_SECONDS}`;
  return `${says}.${seal(says, tokenOf(role, tokens) ?? "")}`;
}

/** The role of a session; null when it is over, or sealed with another token. */
export function roleOfSession(session: string, tokens: Tokens, now: number): Role | null {
  const [, says, role, end, given] = /^((full|read)\.(\d{1,12}))\.([0-9a-f]{64})$/.exec(session) ?? [];
  const token = tokenOf(role as Role, tokens);
  if (says === undefined || given === undefined || token === undefined) return null;
  if (!sameText(given, seal(says, token)) || Number(end) * 1000 < now) return null;
  return role as Role;
}

function tokenOf(role: Role, { token, readToken }: Tokens): string | undefined {
  return role === "full" ? token : readToken;
}

function seal(says: string, token: string): string {
  return bytesToHex(hmac(sha256, encoder.encode(`coinrelay session ${token}`), encoder.encode(says)));
}

/** Compares digests, so that not even the length of a token shows in the time it takes. */
function sameText(a: string, b: string): boolean {
  return timingSafeEqual(sha256(encoder.encode(a)), sha256(encoder.encode(b)));
}
