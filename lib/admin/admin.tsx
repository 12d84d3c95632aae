/** The admin listener: dashboard, API, metrics and readiness behind one guard. @module */
import { STATUS_TEXT } from "@std/http/status";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { secureHeaders } from "hono/secure-headers";
import { messageOf } from "../message_of.ts";
import { programChangedAfter } from "../project.ts";
import { StoreUnavailable } from "../store/contract.ts";
import { createApi } from "./api/api.ts";
import { createDesk } from "./desk.ts";
import { type AdminEnv, createGuard } from "./guard/guard.ts";
import type { AdminParts, Move } from "./parts.ts";
import { notFound, Refused } from "./problem.ts";
import { Problem } from "./pages/sign_in.tsx";
import { render } from "./pages/layout.tsx";
import { createPages } from "./handlers/pages.ts";
import { StoreAway } from "./pages/store_away.tsx";
import { pluginItems } from "./read/routes.ts";
import { sendersOf } from "./read/readiness.ts";
import { creditsPerEvent } from "./read/sources.ts";

/** What answers the admin listener's requests, and what it wants to be told. */
export interface Admin {
  /** Answers a request that came from this address. */
  handle(request: Request, address: string): Promise<Response>;
  /** To be called when a delivery has moved on, so that open pages show it. */
  moved(move: Move): void;
  /** Whether work goes on that somebody asked for earlier. */
  busy(): boolean;
  /** Ends the streams, so that the listener can be shut down. */
  close(): void;
}

/** A body longer than this is refused. */
const MOST_BODY_BYTES = 2 * 1024 * 1024;

/** Makes the admin listener. */
export function createAdmin(parts: AdminParts): Admin {
  const desk = createDesk(parts);
  const guard = createGuard(parts);
  const app = new Hono<AdminEnv>();

  app.use(secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'"],
      connectSrc: ["'self'"],
      manifestSrc: ["'self'"],
      formAction: ["'self'"],
      baseUri: ["'none'"],
      frameAncestors: ["'none'"],
    },
    strictTransportSecurity: false, // whoever ends TLS before the relay decides that
    xFrameOptions: "DENY",
    // With "no-referrer" browsers send `Origin: null` from our own forms too.
    referrerPolicy: "same-origin",
  }));
  app.use(guard.middleware);
  app.use(bodyLimit({
    maxSize: MOST_BODY_BYTES,
    onError() {
      throw new Refused(413, "too_large", `The body is longer than ${MOST_BODY_BYTES} bytes.`);
    },
  }));

  app.get("/readyz", async () => {
    await parts.store.ready();
    return new Response('{"status":"ready"}', { headers: { "content-type": "application/json" } });
  });
  app.get("/metrics", async (c) => {
    const { METRICS_TYPE, renderMetrics } = await import("./metrics.ts"); // its library is loaded only where it is used
    const standing = await parts.standing();
    const text = await renderMetrics({
      now: parts.now(),
      counted: await parts.counted(),
      counts: await parts.store.counts(),
      routes: parts.routes().map(({ name }) => name),
      running: standing.running,
      plugins: pluginItems(parts, standing, desk.mask),
      creditsPerEvent: new Map(
        parts.config().sources.map((source) => [source.name, creditsPerEvent(source)]),
      ),
      lastHeard: await desk.sources.lastHeard(standing),
      streams: desk.streams.open,
    });
    return c.body(text, 200, { "content-type": METRICS_TYPE });
  });
  app.route("/api", createApi(desk));
  app.route("/", createPages(desk, guard));
  app.notFound(() => {
    throw notFound("There is no such page.");
  });
  app.onError(async (error, c) => {
    const { pathname, search } = new URL(c.req.url);
    const page = wantsPage(c.req.raw, pathname);
    // What the store says names files and hosts: that is for those who have entered.
    if (error instanceof StoreUnavailable && c.get("role") !== undefined) {
      const said = desk.mask(error.message);
      const refused = unavailable(`The store does not answer: ${said}`);
      if (!page) return refused.toResponse();
      const again = c.req.method === "GET" ? pathname + search : "/";
      const trouble = <StoreAway said={said} senders={await sendersOf(parts)} again={again} />;
      return c.html(render(trouble), refused.status, { ...refused.headers });
    }
    const refused = refusalOf(error) ?? await faultOf(error, pathname, parts);
    if (!page) return refused.toResponse();
    if (refused.reason === "sign_in") {
      return c.redirect(`/sign-in?${new URLSearchParams({ next: pathname + search })}`, 303);
    }
    const problem = <Problem title={STATUS_TEXT[refused.status]} detail={refused.detail} />;
    return c.html(render(problem), refused.status, { ...refused.headers });
  });

  return {
    async handle(request, address) {
      return await app.fetch(request, { address });
    },
    moved: desk.moved,
    busy: desk.bulk.busy,
    close: desk.close,
  };
}

/** Whether a person asks, rather than a program. */
function wantsPage(request: Request, pathname: string): boolean {
  return !pathname.startsWith("/api/") && (request.headers.get("accept") ?? "").includes("text/html");
}

/** What was wrong with the request, or with what it needs; null for a fault of ours. */
function refusalOf(error: unknown): Refused | null {
  if (error instanceof Refused) return error;
  if (error instanceof StoreUnavailable) return unavailable("The store cannot answer now: see the log.");
  return null;
}

function unavailable(detail: string): Refused {
  return new Refused(503, "store_unavailable", detail, { "retry-after": "5" });
}

/** What may be told of a fault of ours. The log has the rest. */
async function faultOf(error: unknown, pathname: string, parts: AdminParts): Promise<Refused> {
  parts.onFault(`cannot answer ${pathname}: ${error instanceof Error ? error.stack : messageOf(error)}`);
  const since = await parts.standing().then(({ since }) => since, () => Infinity);
  return programChangedAfter(since)
    ? new Refused(500, "program_changed", "The program was changed while this relay runs: restart it.")
    : new Refused(500, "fault", "The relay made a mistake here: see its log.");
}
