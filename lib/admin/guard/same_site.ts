/** Tells requests that another site made a browser send, and names that merely point at this machine. @module */
import { isLoopback } from "../../config/loopback.ts";
import { Refused } from "../problem.ts";

/** Methods that change nothing. */
export const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Refuses a write that a page of another site caused. Every browser of today sends `Origin` with each POST, and most
 * send `Sec-Fetch-Site`; a request with neither comes from a program. `Origin` is compared by host alone, since a proxy
 * before the relay may end TLS.
 *
 * @throws {Refused} with 403.
 */
export function refuseCrossSite(method: string, headers: Headers, host: string): void {
  if (SAFE_METHODS.has(method)) return;
  const site = headers.get("sec-fetch-site");
  const origin = headers.get("origin");
  const sameSite = site === null || site === "same-origin";
  const sameOrigin = origin === null || hostOf(origin) === host.toLowerCase();
  if (sameSite && sameOrigin) return;
  throw new Refused(
    403,
    "cross_site",
    "Refused: this write was sent by another site's page. Do it from the dashboard itself. Behind a proxy, let it pass " +
      "the Host header on.",
  );
}

/**
 * Refuses what did not come straight from this machine, where the relay asks for no token because nobody else reaches it: a
 * site whose name is made to point at 127.0.0.1 would otherwise read everything (DNS rebinding), and so would everybody
 * behind a proxy.
 *
 * @throws {Refused} with 403.
 */
export function refuseStrangers(headers: Headers, host: string): void {
  const forwarded = FORWARDED_HEADERS.find((name) => headers.has(name));
  if (forwarded === undefined && isLoopback(host.replace(/:\d+$/, ""))) return;
  throw new Refused(
    403,
    "foreign_host",
    forwarded === undefined
      ? "Refused: without admin.token the dashboard answers only to localhost and 127.0.0.1. Set admin.token in " +
        "config.json to reach it by another name."
      : `Refused: the header ${forwarded} says that a proxy sent this. Set admin.token in config.json to reach the ` +
        "dashboard through a proxy.",
  );
}

const FORWARDED_HEADERS = ["x-forwarded-for", "x-forwarded-host", "x-real-ip", "forwarded", "via"];

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host.toLowerCase() : null;
}
