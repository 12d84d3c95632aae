/** Holds what the store and the receiver have against what the provider was told. @module */
import { resolve } from "@std/path";
import { DatabaseSync } from "node:sqlite";
import { idempotencyKey } from "../../lib/dispatch/idempotency.ts";
import type { Attempt, Delivery, StoredEvent } from "../../lib/nouns.ts";
import type { Store } from "../../lib/store/contract.ts";
import { openStore } from "../../lib/store/open.ts";
import type { Act } from "./bad_receiver.ts";
import type { SentEvent, startProvider } from "./provider.ts";

/** What is looked at. */
export interface Evidence {
  /** URL of the store; a relative file in it is taken from `folder`. */
  store: string;
  /** Where the relay ran. */
  folder: string;
  provider: ReturnType<typeof startProvider>;
  acts: readonly Act[];
  /** Ids of the replays that were asked for. */
  replays: readonly number[];
  /** The limit of the route `paced`. */
  pace: { count: number; perMs: number };
  /** When the store's server crashed, and was up again. */
  crashes: readonly { from: number; to: number }[];
}

/** What was found. Only `duplicates` and `undone` may be more than none. */
export interface Findings {
  /** Events that were answered 2xx. */
  accepted: number;
  /** Events that were stored, while the provider never heard an answer to any of its tries. */
  storedUnheard: number;
  deliveries: number;
  replays: number;
  acts: number;
  /** Attempts that a kill cut short. */
  interrupted: number;
  /** What an accepted event's route never did. */
  lost: string[];
  /** What was done without an accepted event. */
  unaccepted: string[];
  /** Times that something was done again, each by a delivery that ran at a kill. */
  duplicates: number;
  /** Times that something was done again since a crash of the store's server had undone its claim. */
  undone: number;
  /** Times that something was done again without a kill. */
  unexplained: string[];
  /** Breaches of order, pace, or of what the store promises. */
  faults: string[];
}

const PAGE = 500;

/** Looks. */
export async function examine(evidence: Evidence): Promise<Findings> {
  const store = await openStore(evidence.store, evidence.folder, { shared: true });
  try {
    return await look(store, evidence);
  } finally {
    await store.close();
  }
}

async function look(
  store: Store,
  { store: url, folder, provider, acts, replays, pace, crashes }: Evidence,
): Promise<Findings> {
  const findings: Findings = {
    accepted: 0,
    storedUnheard: 0,
    deliveries: 0,
    replays: replays.length,
    acts: acts.length,
    interrupted: 0,
    lost: [],
    unaccepted: [],
    duplicates: 0,
    undone: 0,
    unexplained: [],
    faults: [],
  };
  const events = await allEvents(store);
  const bySeq = new Map(events.map((event) => [event.seq, event]));
  const byKey = Map.groupBy(acts, ({ key }) => key);
  const deliveries = await allDeliveries(store);
  const byEvent = Map.groupBy(deliveries, ({ event }) => event);
  const pacedAt: number[] = [];

  checkEvents(events, byEvent, provider, findings);
  for (const delivery of deliveries) {
    findings.deliveries++;
    const event = bySeq.get(delivery.event)!;
    const attempts = await store.attempts(delivery.id);
    const acted = byKey.get(idempotencyKey(event, delivery)) ?? [];
    byKey.delete(idempotencyKey(event, delivery));
    checkDelivery(delivery, event, attempts, acted, crashes, findings);
    if (delivery.route === "paced") pacedAt.push(...attempts.map(({ startedAt }) => startedAt));
  }
  for (const [key, [act]] of byKey) findings.unaccepted.push(`${act!.route} ${act!.eventId} (${key})`);
  for (const id of replays) {
    if (!deliveries.some((one) => one.id === id)) findings.lost.push(`the replay ${id}`);
  }
  checkOrder(acts, new Map(events.map(({ id, seq }) => [id, seq])), provider.events, findings);
  checkPace(pacedAt, pace, findings);
  checkTold(events, deliveries, await deaths(store, deliveries), findings);
  if (url.startsWith("sqlite:")) checkFile(resolve(folder, url.slice("sqlite:".length)), findings);
  return findings;
}

/** What is stored is what was sent, and of what was accepted nothing is missing. */
function checkEvents(
  events: readonly StoredEvent[],
  deliveries: ReadonlyMap<number, Delivery[]>,
  provider: Evidence["provider"],
  findings: Findings,
) {
  const stored = new Map(events.map((event) => [event.id, event]));
  for (const sent of provider.events.values()) {
    const event = stored.get(sent.id);
    if (sent.fate === "accepted") findings.accepted++;
    if (event === undefined) {
      if (sent.fate === "accepted") findings.lost.push(`${sent.id} is not stored`);
      continue;
    }
    if (sent.fate !== "accepted") {
      if (sent.unanswered > 0) findings.storedUnheard++;
      else findings.unaccepted.push(`${sent.id} is stored, though every try was refused`);
    }
    if (new TextDecoder().decode(event.body) !== sent.body) {
      findings.faults.push(`${sent.id} is stored otherwise than sent`);
    }
    const made = new Set(deliveries.get(event.seq)?.map(({ route }) => route));
    for (const route of routesOf(sent)) {
      if (!made.delete(route)) findings.lost.push(`${sent.id} has no delivery of ${route}`);
    }
    for (const route of made) findings.unaccepted.push(`${sent.id} has a delivery of ${route}`);
  }
  for (const { id, source } of events) {
    if (source !== "relay" && !provider.events.has(id)) {
      findings.unaccepted.push(`${id} is stored and was never sent`);
    }
  }
}

function routesOf({ coin, body }: SentEvent): string[] {
  return [
    "all",
    coin.startsWith("coin-") ? "ordered" : "poisoned",
    ...(body.includes('"field":"name"') ? ["paced"] : []),
  ];
}

/** A commit that does not wait for the disk is there so soon, whatever its server does then. */
const ON_DISK_MS = 1000;
/** What was claimed before a crash is done so soon after it. */
const CLAIM_TO_ACT_MS = 5000;

/** How many of the acts were repeated after a crash that may have undone their claim: that was made just before it. */
function undoneBy(crashes: Evidence["crashes"], acted: readonly Act[]): number {
  return acted.slice(1).filter((again, nth) =>
    crashes.some(({ from, to }) =>
      acted[nth]!.at >= from - ON_DISK_MS && acted[nth]!.at <= to + CLAIM_TO_ACT_MS && again.at >= from
    )
  ).length;
}

/**
 * A delivery is done, once, and again only as often as a kill cut an attempt of it short, or a crash of the store's server
 * undid its claim.
 */
function checkDelivery(
  { id, route, state }: Delivery,
  event: StoredEvent,
  attempts: readonly Attempt[],
  acted: readonly Act[],
  crashes: Evidence["crashes"],
  findings: Findings,
) {
  const what = `${route} ${event.id} (delivery ${id})`;
  const interrupted = attempts.filter(({ outcome }) => outcome === "interrupted").length;
  findings.interrupted += interrupted;
  if (state !== "done") findings.lost.push(`${what} is ${state}`);
  else if (acted.length === 0) findings.lost.push(`${what} is done, yet the receiver never got it`);
  const again = Math.max(0, acted.length - 1);
  const undone = Math.max(0, Math.min(again - interrupted, undoneBy(crashes, acted)));
  if (again > interrupted + undone) {
    findings.unexplained.push(
      `${what} was made ${acted.length} times, ${interrupted} interrupted, ${undone} undone`,
    );
  } else {
    findings.duplicates += again - undone;
    findings.undone += undone;
  }
  let number = 0;
  for (const attempt of attempts) {
    number = attempt.number === 1 ? 1 : number + 1; // a round begins anew
    if (attempt.number !== number) {
      findings.faults.push(`${what} lacks an attempt before number ${attempt.number}`);
    }
  }
}

/** Each coin's events arrive in the order in which they were stored, whatever is repeated. */
function checkOrder(
  acts: readonly Act[],
  seqs: ReadonlyMap<string, number>,
  sent: ReadonlyMap<string, SentEvent>,
  findings: Findings,
) {
  const last = new Map<string, number>();
  for (const { route, eventId } of acts) {
    if (route !== "ordered") continue;
    const coin = sent.get(eventId)?.coin ?? "";
    const seq = seqs.get(eventId) ?? 0;
    if (seq < (last.get(coin) ?? 0)) {
      findings.faults.push(`ordered: ${eventId} of ${coin} came after a later one`);
    }
    last.set(coin, Math.max(seq, last.get(coin) ?? 0));
  }
}

/** A busy machine lets attempts begin so much later than the claims by which the pace is kept. */
const CLAIM_TO_ATTEMPT_MS = 500;

/** In no stretch, short or long, did more attempts begin than the pace allows, kills or not. */
function checkPace(startedAt: number[], { count, perMs }: Evidence["pace"], findings: Findings) {
  startedAt.sort((a, b) => a - b);
  for (const stretches of [1, 10]) {
    const most = stretches * count, within = stretches * perMs - CLAIM_TO_ATTEMPT_MS;
    const over = startedAt.findIndex((at, i) => i >= most && at - startedAt[i - most]! < within);
    if (over >= 0) {
      findings.faults.push(`paced: more than ${most} attempts within ${within} ms, at ${startedAt[over]}`);
    }
  }
}

/** Each death is told once. */
function checkTold(
  events: readonly StoredEvent[],
  deliveries: readonly Delivery[],
  died: number,
  findings: Findings,
) {
  const told = events.filter(({ type }) => type === "relay.delivery.dead");
  if (told.length !== died) findings.faults.push(`${died} deliveries died, ${told.length} deaths are told`);
  const made = new Set(deliveries.filter(({ route }) => route === "told").map(({ event }) => event));
  for (const { seq, id } of told) if (!made.has(seq)) findings.lost.push(`nobody is told of ${id}`);
}

async function deaths(store: Store, deliveries: readonly Delivery[]): Promise<number> {
  let count = 0;
  for (const { id, route } of deliveries) {
    if (route !== "poisoned") continue;
    count += (await store.attempts(id)).filter(({ outcome }) => outcome === "permanent").length;
  }
  return count;
}

function checkFile(file: string, findings: Findings) {
  const db = new DatabaseSync(file, { readOnly: true });
  const { integrity_check: said } = db.prepare("PRAGMA integrity_check").get() as { integrity_check: string };
  if (said !== "ok") findings.faults.push(`the database is damaged: ${said}`);
  db.close();
}

async function allEvents(store: Store): Promise<StoredEvent[]> {
  const all: StoredEvent[] = [];
  for (;;) {
    const page = await store.events({}, { after: all.at(-1)?.seq ?? 0, limit: PAGE });
    all.push(...page);
    if (page.length < PAGE) return all;
  }
}

async function allDeliveries(store: Store): Promise<Delivery[]> {
  const all: Delivery[] = [];
  for (;;) {
    const page = await store.deliveries({ discarded: true }, { after: all.at(-1)?.id ?? 0, limit: PAGE });
    all.push(...page);
    if (page.length < PAGE) return all;
  }
}
