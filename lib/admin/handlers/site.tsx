/** What all handlers of pages share. @module */
import type { Context, Hono } from "hono";
import type { Child } from "hono/jsx";
import { paramsOf } from "../api/query.ts";
import type { Desk } from "../desk.ts";
import type { AdminEnv, Guard } from "../guard/guard.ts";
import { type Frame, render } from "../pages/layout.tsx";
import { badRequest } from "../problem.ts";

/** A request for a page. */
export type Ctx = Context<AdminEnv>;

/** What a handler is made from. */
export interface Site {
  app: Hono<AdminEnv>;
  desk: Desk;
  guard: Guard;
  /** The frame that the answer's page is put into. */
  frame(c: Ctx): Promise<Frame>;
}

/** What is said at the top of a page after something was done. */
const DONE = new Map([
  ["retry", "It is tried again now."],
  ["wait", "It is due now, and is made once its route delivers again."],
  ["discard", "Discarded."],
  ["replay", "A new delivery was made."],
  ["on", "The route is on."],
  ["off", "The route is off until the config changes."],
  ["nothing", "Nothing was done: it has moved on meanwhile."],
]);

/** Makes what the handlers share. */
export function createSite(app: Hono<AdminEnv>, desk: Desk, guard: Guard): Site {
  return {
    app,
    desk,
    guard,
    async frame(c) {
      const done = c.req.query("done") ?? "";
      const text = DONE.get(done);
      return {
        role: c.get("role"),
        signedIn: guard.needsToken(),
        overview: await desk.overview(),
        note: text === undefined ? undefined : { level: done === "nothing" ? "warning" : "good", text },
      };
    },
  };
}

/** Answers with a page. */
export function answer(c: Ctx, page: Child): Response | Promise<Response> {
  return c.html(render(page));
}

/** The parameters of the address that narrow or page a listing; what the page says about itself is left out. */
export function params(c: Ctx): Record<string, string> {
  const { done: _, ...given } = paramsOf(new URL(c.req.url));
  return given;
}

/** Those of them that narrow. */
export function narrowing({ cursor: _, limit: __, ...rest }: Record<string, string>): Record<string, string> {
  return rest;
}

/**
 * The fields of a form that was sent.
 *
 * @throws {Refused} with 400 where the body is no form.
 */
export async function formOf(c: Ctx): Promise<FormData> {
  try {
    return await c.req.formData();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw badRequest("The body is not a form: programs use the API.");
  }
}

/** A path of this site; null for anything that leads elsewhere. */
export function ownPath(path: string): string | null {
  return /^\/(?![/\\])[^\s\\]*$/.test(path) ? path : null;
}

/** A path whose page tells that something was done. */
export function withDone(path: string, what: string): string {
  const [bare = "", query = ""] = path.split("?", 2);
  const search = new URLSearchParams(query);
  search.set("done", what);
  return `${bare}?${search}`;
}

/** Where a source listens, as seen from this machine. */
export function sourceUrl({ parts }: Desk, path: string): string {
  return `${parts.publicUrl()}${path}`;
}
