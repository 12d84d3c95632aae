/** Who may enter, and who may change anything: before every other answer of the admin listener. @module */
import type { Context, MiddlewareHandler } from "hono";
import { getCookie } from "hono/cookie";
import { isLoopback } from "../../config/loopback.ts";
import type { AdminParts } from "../parts.ts";
import { Refused } from "../problem.ts";
import { createLimiter, type Limiter } from "./limiter.ts";
import { refuseCrossSite, refuseStrangers, SAFE_METHODS } from "./same_site.ts";
import { type Role, roleOfSession, roleOfToken, SESSION_COOKIE } from "./session.ts";

/** What Hono carries from the guard to the handlers. */
export interface AdminEnv {
  Bindings: {
    /** The address that the request came from. */
    address: string;
  };
  Variables: { role: Role };
}

/** The guard. */
export interface Guard {
  middleware: MiddlewareHandler<AdminEnv>;
  /** Whether a token is asked for. */
  needsToken(): boolean;
  /** The role of a token that someone typed. Throws {@linkcode Refused} when it is wrong, or after too many that were. */
  signIn(c: Context<AdminEnv>, token: string): Role;
}

/** Wrong tokens that one address may send in {@linkcode WINDOW_MS}. */
const ALLOWED_FAILURES = 10;
const WINDOW_MS = 5 * 60_000;
/** What is answered to everybody. */
const OPEN = new Set(["/readyz", "/sign-in", "/favicon.svg"]);
const isOpen = (path: string) => OPEN.has(path) || path.startsWith("/assets/");

/** Makes the guard. */
export function createGuard(parts: AdminParts): Guard {
  const limiter = createLimiter(ALLOWED_FAILURES, WINDOW_MS);
  const tokens = () => parts.config().admin;
  const needsToken = () => tokens().token !== undefined || tokens().readToken !== undefined;

  function roleOf(c: Context<AdminEnv>): Role | null {
    if (!needsToken()) return isLoopback(tokens().hostname) ? "full" : null;
    const bearer = /^Bearer +(\S+) *$/i.exec(c.req.header("authorization") ?? "")?.[1];
    if (bearer !== undefined) return judge(c, bearer);
    const session = getCookie(c, SESSION_COOKIE);
    return session === undefined ? null : roleOfSession(session, tokens(), parts.now());
  }

  /** While an address is blocked not even the right token is told from a wrong one. */
  function judge(c: Context<AdminEnv>, token: string): Role | null {
    const { address } = c.env;
    refuseBlocked(limiter, address, parts.now());
    const role = roleOfToken(token, tokens());
    if (role === null) {
      limiter.fail(address, parts.now());
      parts.onAction("wrong token", { address, path: new URL(c.req.url).pathname });
    } else if (role === "full") {
      // Whoever may only look must not set the count back to zero between guesses at the whole token.
      limiter.succeed(address);
    }
    return role;
  }

  return {
    needsToken,
    async middleware(c, next) {
      const { pathname } = new URL(c.req.url);
      const host = c.req.header("host") ?? new URL(c.req.url).host;
      if (!needsToken() && pathname !== "/readyz") refuseStrangers(c.req.raw.headers, host);
      refuseCrossSite(c.req.method, c.req.raw.headers, host);
      if (isOpen(pathname)) return await next();
      const role = roleOf(c);
      if (role === null) {
        throw new Refused(
          401,
          "sign_in",
          "Give admin.token or admin.readToken as `Authorization: Bearer …`, or sign in.",
          {
            "www-authenticate": "Bearer",
          },
        );
      }
      if (role === "read" && !SAFE_METHODS.has(c.req.method) && pathname !== "/sign-out") {
        throw new Refused(
          403,
          "read_only",
          "This token may look and change nothing: sign in with admin.token.",
        );
      }
      c.set("role", role);
      await next();
    },
    signIn(c, token) {
      const role = judge(c, token);
      if (role === null) throw new Refused(401, "wrong_token", "That is not the token.");
      return role;
    },
  };
}

function refuseBlocked(limiter: Limiter, address: string, now: number): void {
  const seconds = limiter.blockedFor(address, now);
  if (seconds === 0) return;
  throw new Refused(429, "too_many_tries", `Too many wrong tokens: wait ${seconds} s.`, {
    "retry-after": String(seconds),
  });
}
