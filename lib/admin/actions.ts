/** What a person may do, behind both the API and the pages. @module */
import { SAMPLES } from "../samples.ts";
import { TEST_HEADER } from "../receive/receiver.ts";
import { createPlan } from "../route/plan.ts";
import type { Route } from "../route/resolve.ts";
import { signedAs } from "../verify/signed_as.ts";
import type { AdminParts, DryRun, Received } from "./parts.ts";
import { notFound } from "./problem.ts";
import { oneEvent } from "./read/one_event.ts";
import { isInForce } from "./read/routes.ts";
import { contentOf } from "./read/views.ts";

/** Makes a delivery due now, with its attempts starting afresh. */
export async function retryOne(parts: AdminParts, id: number): Promise<{ changed: number }> {
  await knownDelivery(parts, id);
  const changed = await parts.store.retry({ ids: [id], discarded: true }, parts.now());
  parts.onAction("retry", { delivery: id, changed });
  return { changed };
}

/** Marks a dead letter as dealt with, or what waits for a route that is not in force. */
export async function discardOne(parts: AdminParts, id: number): Promise<{ changed: number }> {
  const { route } = await knownDelivery(parts, id);
  const states = isInForce(parts, route) ? ["dead"] as const : ["dead", "pending"] as const;
  const changed = await parts.store.discard({ ids: [id], states }, parts.now());
  parts.onAction("discard", { delivery: id, changed });
  return { changed };
}

/** What is to be made again: a delivery, or an event for a route. */
export type ReplayWish = { delivery: number } | { event: string; source?: string | undefined; route: string };

/** Makes a new delivery, whatever was made before. */
export async function replay(parts: AdminParts, wish: ReplayWish): Promise<{ deliveries: number[] }> {
  const planned = "delivery" in wish ? await ofDelivery(parts, wish.delivery) : await ofEvent(parts, wish);
  const deliveries = await parts.store.replay([planned], parts.now());
  parts.onAction("replay", { event: planned.event, route: planned.route, delivery: deliveries[0] ?? null });
  return { deliveries };
}

async function ofDelivery(parts: AdminParts, id: number) {
  const { event, route, matched } = await knownDelivery(parts, id);
  return { event, route, matched, replayOf: id };
}

async function ofEvent(
  parts: AdminParts,
  { event: id, source, route }: Exclude<ReplayWish, { delivery: number }>,
) {
  const plan = createPlan([knownRoute(parts, route)]);
  const event = await oneEvent(parts.store, id, source);
  const content = contentOf(event);
  const planned = content === null ? [] : plan(content, parts.now());
  // With the one before named, it gets a key of its own: its receiver must not take it for a duplicate.
  const [before] = await parts.store.deliveries({ events: [event.seq], routes: [route], discarded: true }, {
    limit: 1,
  });
  return {
    event: event.seq,
    route,
    matched: planned[0]?.matched ?? null,
    replayOf: before?.id ?? null,
  };
}

/** Runs an event through a route's plugin; nothing goes out. */
export async function tryDry(
  parts: AdminParts,
  id: string,
  source: string | undefined,
  route: string,
): Promise<DryRun> {
  knownRoute(parts, route);
  return await parts.dryRun(route, await oneEvent(parts.store, id, source));
}

/** Turns a route off or on, until the config changes. */
export async function switchRoute(parts: AdminParts, name: string, on: boolean): Promise<void> {
  knownRoute(parts, name);
  await parts.switchRoute(name, on);
  parts.onAction(on ? "route on" : "route off", { route: name });
}

/** What a test event came to. */
export interface TestAnswer extends Received {
  id: string;
  source: string;
  seq: number | null;
}

/** Signs a test event and sends it the whole way: through the public listener's handler. */
export async function sendTestEvent(
  parts: AdminParts,
  wish: { source?: string | undefined; sample?: string | undefined; body?: string | undefined },
): Promise<TestAnswer> {
  const { sources } = parts.config();
  const source = wish.source === undefined ? sources[0] : sources.find(({ name }) => name === wish.source);
  if (source === undefined) throw notFound(`There is no source “${wish.source}” in config.json.`);
  const sample = wish.sample === undefined ? SAMPLES[0] : SAMPLES.find(({ name }) => name === wish.sample);
  if (sample === undefined) throw notFound(`There is no sample “${wish.sample}”.`);
  const body = new TextEncoder().encode(wish.body ?? sample.body);
  const id = `test-${crypto.randomUUID()}`;
  const timestamp = String(Math.floor(parts.now() / 1000));
  const { status, answer } = await parts.receive(source.path, {
    "content-type": "application/json",
    ...signedAs(source.secrets[0]!, timestamp, id, body),
    [TEST_HEADER]: "1",
  }, body);
  const stored = await parts.store.event({ id, source: source.name });
  parts.onAction("test event", { event: id, source: source.name, status });
  return {
    id,
    source: source.name,
    status,
    answer,
    seq: stored?.seq ?? null,
  };
}

async function knownDelivery(parts: AdminParts, id: number) {
  const delivery = await parts.store.delivery(id);
  if (delivery === null) throw notFound(`There is no delivery ${id}.`);
  return delivery;
}

function knownRoute(parts: AdminParts, name: string): Route {
  const found = parts.routes().find((route) => route.name === name);
  if (found !== undefined) return found;
  throw notFound(`No route in force is called “${name}”.`);
}
