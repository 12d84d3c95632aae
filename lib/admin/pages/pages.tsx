/** The dashboard's pages, and the forms on them. @module */
import { type Context, Hono } from "hono";
import { deleteCookie, setCookie } from "hono/cookie";
import type { Child } from "hono/jsx";
import { maskSecrets } from "../../config/secrets.ts";
import { SAMPLES } from "../../samples.ts";
import {
  discardOne,
  replay,
  retryOne,
  sendTestEvent,
  switchRoute,
  type TestAnswer,
  tryDry,
} from "../actions.ts";
import * as query from "../api/query.ts";
import type { BulkJob } from "../api/shapes.ts";
import type { Desk } from "../desk.ts";
import type { AdminEnv, Guard } from "../guard/guard.ts";
import { makeSession, SESSION_COOKIE, SESSION_SECONDS } from "../guard/session.ts";
import type { DryRun } from "../parts.ts";
import { notFound, Refused } from "../problem.ts";
import { coinView } from "../read/coin.ts";
import { findDeliveries } from "../read/find_deliveries.ts";
import { findEvents } from "../read/find_events.ts";
import { deliveriesOf, oneDelivery, oneEvent } from "../read/one_event.ts";
import { pluginItems, routeItems } from "../read/routes.ts";
import { eventItem, eventWhole } from "../read/views.ts";
import { startOf, streamToPage } from "../stream.ts";
import { assetResponse } from "./assets.ts";
import { CoinPage } from "./coin.tsx";
import { ConfigPage } from "./config.tsx";
import { BulkPreview, coinPath, Deliveries, JobPage } from "./deliveries.tsx";
import { DeliveryPage, EventPage, eventPath } from "./event.tsx";
import { type Frame, Problems, render } from "./layout.tsx";
import { EventRow, Live, type Rate } from "./live.tsx";
import { KV_SHOWN, Plugins } from "./plugins.tsx";
import { SignIn } from "./sign_in.tsx";
import { Sources } from "./sources.tsx";
import { TestPage } from "./test.tsx";

type Ctx = Context<AdminEnv>;

/** What is said at the top of a page after something was done. */
const NOTES: Record<string, string> = {
  retry: "It is tried again now.",
  discard: "Discarded.",
  replay: "A new delivery was made.",
  on: "The route is on.",
  off: "The route is off until the config changes.",
};

/** Makes the pages. */
export function createPages(desk: Desk, guard: Guard): Hono<AdminEnv> {
  const { parts, mask, bulk } = desk;
  const { store } = parts;
  const app = new Hono<AdminEnv>();

  async function frameOf(c: Ctx): Promise<Frame> {
    const text = NOTES[c.req.query("done") ?? ""];
    return {
      role: c.get("role"),
      signedIn: guard.needsToken(),
      overview: await desk.overview(),
      note: text === undefined ? undefined : { level: "good", text },
    };
  }
  const page = (c: Ctx, child: Child) => c.html(render(child));

  app.get("/assets/:version/:name", (c) => {
    const response = assetResponse(c.req.param("name"));
    if (response === null) throw notFound("There is no such file.");
    return response;
  });
  app.get("/favicon.svg", () => assetResponse("favicon.svg")!);

  // Live
  app.get("/", async (c) => {
    const given = params(c);
    const { limit, cursor, after: _, ...filters } = query.check(query.eventsParams, given);
    const rows = await findEvents(store, query.eventQuery(filters), {
      limit,
      ...(cursor !== undefined && { before: cursor }),
    });
    const source = parts.config().sources[0];
    return page(
      c,
      (
        <Live
          frame={await frameOf(c)}
          rows={rows}
          routes={parts.routes().map(({ name }) => name)}
          filters={narrowing(given)}
          search={new URLSearchParams(given)}
          rate={rateOf(desk)}
          url={urlOf(desk, source?.path ?? "/webhook")}
          everReceived={rows.items.length > 0 || await desk.tail.last() > 0}
        />
      ),
    );
  });
  const stream = (c: Ctx, only: "moves" | null) => {
    const { limit: _, cursor: __, after, ...filters } = query.check(query.eventsParams, params(c));
    return streamToPage(c, desk, {
      query: only === null ? query.eventQuery(filters) : null,
      after: startOf(c.req.raw.headers, after),
      write: ({ event, content, deliveries }) => ({
        event: "row",
        data: String(<EventRow event={eventItem(event, content, deliveries)} />),
      }),
      async pulse() {
        const overview = await desk.overview();
        return JSON.stringify({
          overview,
          rate: rateOf(desk),
          problems: String(<Problems problems={overview.problems} />),
        });
      },
    });
  };
  app.get("/live/stream", (c) => stream(c, null));
  app.get("/live/moves", (c) => stream(c, "moves"));

  app.get("/search", async (c) => {
    const wanted = (c.req.query("q") ?? "").trim();
    if (wanted === "") return c.redirect("/");
    const [event] = await store.events({ id: wanted }, { limit: 1 });
    return c.redirect(event === undefined ? coinPath(wanted) : eventPath(event.seq));
  });

  app.get("/coins/:id{.+}", async (c) => {
    const id = c.req.param("id");
    return page(c, <CoinPage frame={await frameOf(c)} id={id} coin={await coinView(store, id)} />);
  });

  // Events
  async function eventPage(c: Ctx, dry?: { route: string; run: DryRun }) {
    const event = await oneEvent(store, c.req.param("id") ?? "", params(c)["source"]);
    const source = parts.config().sources.find(({ name }) => name === event.source);
    return page(
      c,
      (
        <EventPage
          frame={await frameOf(c)}
          event={eventWhole(event, await deliveriesOf(store, event, mask), source)}
          routes={await routeItems(parts, mask)}
          url={source === undefined ? null : urlOf(desk, source.path)}
          mayTry={parts.dryRun !== undefined}
          dry={dry}
        />
      ),
    );
  }
  app.post("/events/:id{.+}/do", async (c) => {
    const form = await c.req.formData();
    const [id, route] = [c.req.param("id"), String(form.get("route"))];
    if (form.get("do") === "try") {
      return await eventPage(c, { route, run: await tryDry(parts, id, undefined, route) });
    }
    await replay(parts, { event: id, route });
    return c.redirect(`${eventPath((await oneEvent(store, id)).seq)}?done=replay`, 303);
  });
  app.get("/events/:id{.+}", (c) => eventPage(c));

  // Deliveries
  app.get("/deliveries", async (c) => {
    const given = params(c);
    const filters = query.check(query.deliveriesParams, given);
    const asked = query.deliveryQuery(filters);
    const rows = await findDeliveries(store, asked, {
      limit: filters.limit,
      ...(filters.cursor !== undefined && { before: filters.cursor }),
    }, mask);
    return page(
      c,
      (
        <Deliveries
          frame={await frameOf(c)}
          rows={rows}
          routes={await routeItems(parts, mask)}
          filters={narrowing(given)}
          search={new URLSearchParams(given)}
          preview={await bulk.count(ofAddress(given))}
          now={parts.now()}
        />
      ),
    );
  });
  app.get("/deliveries/:id{\\d+}", async (c) => {
    const delivery = await oneDelivery(store, Number(c.req.param("id")), mask);
    return page(c, <DeliveryPage frame={await frameOf(c)} delivery={delivery} />);
  });
  app.post("/deliveries/:id{\\d+}/do", async (c) => {
    const form = await c.req.formData();
    const id = Number(c.req.param("id"));
    const what = String(form.get("do"));
    if (what === "retry") await retryOne(parts, id);
    else if (what === "discard") await discardOne(parts, id);
    else if (what === "replay") await replay(parts, { delivery: id });
    else throw new Refused(400, "bad_request", "There is no such action.");
    const back = String(form.get("back") ?? "");
    return c.redirect(withDone(ownPath(back) ?? `/deliveries/${id}`, what), 303);
  });
  app.post("/dead-letters", async (c) => {
    const form = await c.req.formData();
    const [, action, which, now] = /^(retry|discard)-(chosen|all)(-now)?$/.exec(String(form.get("do"))) ?? [];
    if (action === undefined) throw new Refused(400, "bad_request", "There is no such action.");
    const search = new URLSearchParams(String(form.get("search") ?? ""));
    const given = Object.fromEntries(search);
    if (which === "all" && now === undefined) {
      const asked = {
        frame: await frameOf(c),
        preview: await bulk.count(ofAddress(given)),
        filters: given,
        search,
      };
      return page(c, <BulkPreview action={action as BulkJob["action"]} {...asked} />);
    }
    const ids = form.getAll("id").map(Number).filter(Number.isSafeInteger);
    const job = await bulk.start(action as BulkJob["action"], which === "all" ? ofAddress(given) : { ids });
    return c.redirect(`/jobs/${job.id}`, 303);
  });
  app.get("/jobs/:id", async (c) => {
    const job = bulk.job(c.req.param("id"));
    if (job === null) throw notFound("There is no such job; the relay may have been restarted since.");
    return page(c, <JobPage frame={await frameOf(c)} job={job} />);
  });

  // Sources, plugins, config
  app.get("/sources", async (c) => {
    const sources = await desk.sources.all();
    const refusals = sources.flatMap(({ name }) => desk.sources.refusals(name));
    return page(
      c,
      <Sources
        frame={await frameOf(c)}
        sources={sources}
        refusals={refusals}
        urlOf={(path) => urlOf(desk, path)}
      />,
    );
  });
  app.get("/plugins", async (c) => {
    const routes = await routeItems(parts, mask);
    const kv = await Promise.all(routes.map(async ({ name }) => {
      const entries = (await store.kvList(name)).slice(0, KV_SHOWN);
      return [name, entries.map(({ key, value }) => ({ key, value: mask(value) }))] as const;
    }));
    return page(
      c,
      <Plugins
        frame={await frameOf(c)}
        plugins={pluginItems(parts, mask)}
        routes={routes}
        kv={new Map(kv)}
      />,
    );
  });
  app.post("/routes/:name/do", async (c) => {
    const on = (await c.req.formData()).get("on") === "1";
    switchRoute(parts, c.req.param("name"), on);
    return c.redirect(`/plugins?done=${on ? "on" : "off"}#route-${c.req.param("name")}`, 303);
  });
  app.get(
    "/config",
    async (c) => page(c, <ConfigPage frame={await frameOf(c)} config={maskSecrets(parts.config())} />),
  );

  // A test event
  const testPage = async (
    c: Ctx,
    chosen: { sample?: string | undefined; source?: string | undefined; body?: string | undefined },
    answer?: TestAnswer,
  ) => {
    const sources = parts.config().sources.map(({ name }) => name);
    const sample = SAMPLES.find(({ name }) => name === chosen.sample) ?? SAMPLES[0]!;
    const body = chosen.body ?? JSON.stringify(JSON.parse(sample.body), null, 2);
    const source = sources.find((name) => name === chosen.source) ?? sources[0] ?? "";
    return page(
      c,
      <TestPage
        frame={await frameOf(c)}
        sources={sources}
        sample={sample.name}
        source={source}
        body={body}
        answer={answer}
      />,
    );
  };
  app.get("/test", (c) => testPage(c, { sample: c.req.query("sample"), source: c.req.query("source") }));
  app.post("/test", async (c) => {
    const form = await c.req.formData();
    const text = (name: string) => form.get(name) === null ? undefined : String(form.get(name));
    const chosen = { source: text("source"), sample: text("sample"), body: text("body") };
    return await testPage(c, chosen, await sendTestEvent(parts, chosen));
  });

  // Signing in and out
  app.get(
    "/sign-in",
    (c) =>
      guard.needsToken()
        ? page(c, <SignIn next={ownPath(c.req.query("next") ?? "") ?? "/"} />)
        : c.redirect("/"),
  );
  app.post("/sign-in", async (c) => {
    const form = await c.req.formData();
    const next = ownPath(String(form.get("next") ?? "")) ?? "/";
    try {
      const role = guard.signIn(c, String(form.get("token") ?? ""));
      setCookie(c, SESSION_COOKIE, makeSession(role, parts.config().admin, parts.now()), {
        path: "/",
        httpOnly: true,
        sameSite: "Strict",
        secure: isHttps(c),
        maxAge: SESSION_SECONDS,
      });
      return c.redirect(next, 303);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return c.html(render(<SignIn next={next} problem={error.detail} />), error.status, {
        ...error.headers,
      });
    }
  });
  app.post("/sign-out", (c) => {
    deleteCookie(c, SESSION_COOKIE, { path: "/" });
    return c.redirect("/sign-in", 303);
  });
  return app;

  /** The dead letters that the address of the deliveries page is about. */
  function ofAddress(given: Record<string, string>) {
    const { state: _, cursor: __, limit: ___, ...rest } = given;
    const { states: _states, discarded: _discarded, ...asked } = query.deliveryQuery(
      query.check(query.deliveriesParams, rest),
    );
    return asked;
  }
}

/** Parameters of the address that a page's filters know; what the page says about itself is left out. */
function params(c: Ctx): Record<string, string> {
  const { done: _, ...given } = query.paramsOf(new URL(c.req.url));
  return given;
}

/** The parameters that narrow a listing. */
function narrowing({ cursor: _, limit: __, ...rest }: Record<string, string>): Record<string, string> {
  return rest;
}

/** What all sources received in the last quarter of an hour. */
function rateOf({ parts }: Desk): Rate {
  const all = parts.config().sources.map(({ name }) => parts.ledger.recent(name, parts.now()));
  return (all[0] ?? []).map(({ at }, index) => ({
    at,
    accepted: sum(all.map((one) => one[index]?.counts.accepted)),
    duplicate: sum(all.map((one) => one[index]?.counts.duplicate)),
    rejected: sum(all.map((one) => one[index]?.counts.rejected)),
  }));
}

const sum = (counts: readonly (number | undefined)[]) =>
  counts.reduce<number>((total, count) => total + (count ?? 0), 0);

/** Where a source listens, as seen from this machine. */
function urlOf({ parts }: Desk, path: string): string {
  return `${parts.publicUrl()}${path}`;
}

/** A path of this site; null for anything that leads elsewhere. */
function ownPath(path: string): string | null {
  return /^\/(?![/\\])[^\s\\]*$/.test(path) ? path : null;
}

/** A path whose page tells that something was done. */
function withDone(path: string, what: string): string {
  const [bare = "", query = ""] = path.split("?", 2);
  const search = new URLSearchParams(query);
  search.set("done", what);
  return `${bare}?${search}`;
}

/** Whether the reader came by TLS, here or at a proxy before the relay. */
function isHttps(c: Ctx): boolean {
  return new URL(c.req.url).protocol === "https:" || c.req.header("x-forwarded-proto") === "https";
}
