/** The JSON API. @module */
import { Hono } from "hono";
import type { Context, MiddlewareHandler } from "hono";
import { maskSecrets } from "../../config/secrets.ts";
import { given } from "../../given.ts";
import { discardOne, replay, retryOne, sendTestEvent, switchRoute, tryDry } from "../actions.ts";
import type { Desk } from "../desk.ts";
import type { AdminEnv } from "../guard/guard.ts";
import { badRequest, notFound, Refused } from "../problem.ts";
import { findDeliveries } from "../read/find_deliveries.ts";
import { findEvents } from "../read/find_events.ts";
import { deliveriesOf, oneDelivery, oneEvent } from "../read/one_event.ts";
import { isInForce, kvItems, pluginItems, routeItems } from "../read/routes.ts";
import { eventItem, eventWhole } from "../read/views.ts";
import { message, startOf, streamEvents } from "../stream.ts";
import { methodsOf, openApi } from "./openapi.ts";
import * as query from "./query.ts";
import type { BulkJob } from "./shapes.ts";

/** Makes the API; its paths are relative to `/api`. */
export function createApi(desk: Desk): Hono<AdminEnv> {
  const { parts, mask, bulk } = desk;
  const { store } = parts;
  const api = new Hono<AdminEnv>();

  api.get("/openapi.json", bare, (c) => c.json(openApi()));
  api.get("/overview", bare, async (c) => c.json(await desk.overview()));

  api.get("/events", async (c) => {
    const { limit, cursor, after, ...filters } = query.check(query.eventsParams, params(c));
    const page = after === undefined ? { before: cursor } : { after: cursor ?? after };
    return c.json(await findEvents(store, query.eventQuery(filters), given({ limit, ...page })));
  });
  api.get("/stream", (c) => {
    const { after, ...filters } = query.check(query.streamParams, params(c));
    return streamEvents(c, desk, {
      query: query.eventQuery(filters),
      after: startOf(c.req.raw.headers, after),
      write: ({ event, content, deliveries }) =>
        message({ data: JSON.stringify(eventItem(event, content, deliveries)), id: event.seq }),
    });
  });
  api.post("/events/:id{.+}/try", async (c) => {
    const { source } = query.check(query.eventParams, params(c));
    const { route } = query.check(query.tryBody, await bodyOf(c));
    return c.json(await tryDry(parts, c.req.param("id"), source, route));
  });
  api.get("/events/:id{.+}", async (c) => {
    const asked = query.check(query.eventParams, params(c));
    const event = await oneEvent(store, c.req.param("id"), asked.source);
    const source = parts.config().sources.find(({ name }) => name === event.source);
    return c.json(eventWhole(event, await deliveriesOf(store, event, mask), source));
  });

  const deliveries = async (c: Context<AdminEnv>, wish: DeliveriesWish) => {
    const page = given({ limit: wish.limit, before: wish.cursor });
    return c.json(await findDeliveries(store, query.deliveryQuery(wish), page, mask));
  };
  api.get("/deliveries", (c) => deliveries(c, query.check(query.deliveriesParams, params(c))));
  api.get(
    "/dead-letters",
    (c) => deliveries(c, { ...query.check(query.deadLettersParams, params(c)), state: ["dead"] }),
  );
  api.get("/deliveries/:id{\\d+}", bare, async (c) => c.json(await oneDelivery(store, idOf(c), mask)));
  api.post("/deliveries/:id{\\d+}/retry", bare, noBody, async (c) => c.json(await retryOne(parts, idOf(c))));
  api.post(
    "/deliveries/:id{\\d+}/discard",
    bare,
    noBody,
    async (c) => c.json(await discardOne(parts, idOf(c))),
  );
  const many = async (c: Context<AdminEnv>, action: BulkJob["action"], wish: query.BulkChoice) => {
    const which = query.bulkQuery(wish);
    return wish.preview ? c.json(await bulk.count(which)) : c.json(await bulk.start(action, which), 202);
  };
  api.post(
    "/dead-letters/retry",
    bare,
    async (c) => many(c, "retry", query.check(query.retryManyBody, await bodyOf(c))),
  );
  api.post(
    "/dead-letters/discard",
    bare,
    async (c) => many(c, "discard", query.check(query.discardManyBody, await bodyOf(c))),
  );
  api.get("/jobs/:id", bare, (c) => {
    const job = bulk.job(c.req.param("id"));
    if (job === null) throw notFound("There is no such job; the relay may have been restarted.");
    return c.json(job);
  });
  api.post(
    "/replay",
    bare,
    async (c) => c.json(await replay(parts, query.check(query.replayBody, await bodyOf(c))), 201),
  );
  api.post("/test-event", bare, async (c) => {
    const { body, ...wish } = query.check(query.testBody, await bodyOf(c));
    const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
    return c.json(await sendTestEvent(parts, { ...wish, body: text }), 201);
  });

  api.get(
    "/sources",
    bare,
    async (c) => c.json({ items: await desk.sources.withDays(await parts.standing()), next: null }),
  );
  api.get("/sources/:name/refusals", bare, async (c) => {
    const name = c.req.param("name");
    if (!parts.config().sources.some((source) => source.name === name)) {
      throw notFound(`There is no source “${name}” in config.json.`);
    }
    return c.json({ items: await desk.sources.refusals(name), next: null });
  });
  const routes = async () => routeItems(parts, await parts.store.counts(), await parts.standing(), mask);
  api.get("/routes", bare, async (c) => c.json({ items: await routes(), next: null }));
  api.post("/routes/:name", bare, async (c) => {
    await switchRoute(parts, c.req.param("name"), query.check(query.switchBody, await bodyOf(c)).on);
    return c.json((await routes()).find(({ name }) => name === c.req.param("name")));
  });
  api.get("/routes/:name/kv", bare, async (c) => {
    const name = c.req.param("name");
    const items = kvItems(await store.kvList(name), mask);
    const known = items.length > 0 || isInForce(parts, name) ||
      (await store.counts()).some(({ route }) => route === name);
    if (!known) throw notFound(`No route is called “${name}”.`);
    return c.json({ items });
  });
  api.get(
    "/plugins",
    bare,
    async (c) => c.json({ items: pluginItems(parts, await parts.standing(), mask), next: null }),
  );
  api.get("/config", bare, (c) => c.json(maskSecrets(parts.config())));
  api.all("*", (c) => {
    const allowed = methodsOf(new URL(c.req.url).pathname.replace(/^\/api/, ""));
    if (allowed.length === 0) throw notFound("The API has no such path: see /api/openapi.json.");
    const allow = allowed.join(", ");
    throw new Refused(405, "method_not_allowed", `Allowed here: ${allow}.`, { allow });
  });
  return api;
}

type DeliveriesWish = Parameters<typeof query.deliveryQuery>[0];

/** Before a handler that takes nothing in its address. */
const bare: MiddlewareHandler = async (c, next) => {
  query.check(query.nothing, params(c));
  await next();
};

/** Before a handler that takes nothing in its body either: what is asked for there must not pass for done. */
const noBody: MiddlewareHandler = async (c, next) => {
  query.check(query.nothing, await bodyOf(c));
  await next();
};

const params = (c: Context) => query.paramsOf(new URL(c.req.url));
const idOf = (c: Context) => Number(c.req.param("id"));

async function bodyOf(c: Context): Promise<unknown> {
  const text = await c.req.text();
  try {
    return text.trim() === "" ? {} : JSON.parse(text);
  } catch {
    throw badRequest("The body is not JSON.");
  }
}
