/** Takes due deliveries from the store, has their plugins run, and writes down what came of it. @module */
import { setImmediate } from "node:timers";
import type { Attempt, StoredEvent } from "../nouns.ts";
import { failpoint } from "../failpoint.ts";
import type { Plan } from "../route/plan.ts";
import type { Route } from "../route/resolve.ts";
import { type Claimed, type ClaimRoute, type Settlement, type Store } from "../store/contract.ts";
import { Ahead } from "./ahead.ts";
import { Alarm } from "./alarm.ts";
import { type ClaimEnd, remembers, writeClaimEnds } from "./claim_ends.ts";
import { Company } from "./company.ts";
import type { Job, PluginRunner } from "./contract.ts";
import { digestLength } from "./digest.ts";
import { makeJob, seenByPlugin } from "./job.ts";
import { LEASE_MS, Leases, RENEW_EVERY_MS } from "./leases.ts";
import { Places } from "./places.ts";
import { holdToMeasure } from "./remembering.ts";
import { cutsChain, faulted, givenBack, interrupted, settlement, unkeepable } from "./settle.ts";

/** One ended attempt, for logs, metrics and the dashboard: what of it is on disk. */
export interface AttemptReport {
  job: Pick<Job, "route" | "delivery" | "attempt"> & { event: Pick<StoredEvent, "id"> };
  settlement: Settlement & { attempt: Attempt };
  /** Whether emitted events were dropped because their chain is too deep. */
  chainCut: boolean;
}

/** What the dispatcher needs from its surroundings. */
export interface DispatcherParts {
  store: Pick<Store, "claim" | "renew" | "settle" | "kvGet" | "kvList">;
  runner: PluginRunner;
  /** The deliveries that are to be made of an event which the relay makes itself. */
  plan: Plan;
  /** Names this process among all that share the store. */
  relay: string;
  /** Milliseconds since 1970. */
  now(): number;
  /** Between 0 and 1. */
  random(): number;
  /** Told of each attempt once its end is on disk; of none that the relay's own stop cut short. */
  observe(report: AttemptReport): void;
  /** Told what the store or the dispatcher could not do; it is tried again, or its delivery says what became of it. */
  onFault(error: unknown): void;
}

/** Runs until stopped. */
export interface Dispatcher {
  /** Sets the routes in force. Deliveries of other routes wait until their route is back. */
  configure(routes: readonly Route[]): void;
  /** Says that these routes have work, or any may have. */
  wake(routes?: readonly string[]): void;
  /** How many deliveries run now, by route. */
  running(): ReadonlyMap<string, number>;
  /** Takes nothing more, waits up to `graceMs` for what runs, then gives the rest back. */
  stop(graceMs: number): Promise<void>;
}

/** The store is asked at least this often: whatever was missed or whatever the clock did, work goes on. */
const LONGEST_SLEEP_MS = LEASE_MS / 4;
/** The store is asked again so soon where more is due than there are places for. */
const CROWDED_SLEEP_MS = 10;
/** Wait before a store that failed is asked again. */
const FAULT_PAUSE_MS = 1000;

/** Makes a dispatcher; it begins with the first {@linkcode Dispatcher.configure}. */
export function createDispatcher(parts: DispatcherParts): Dispatcher {
  const { store, runner, now } = parts;
  let routes = new Map<string, Route>();
  /** Routes that may have work due. */
  const wanting = new Set<string>();
  const ahead = new Ahead();
  const places = new Places(ahead, runner.queue !== undefined);
  /** Given to the runner. */
  const running = new Map<number, { claimed: Claimed; startedAt: number }>();
  /** Jobs that left something to be remembered, each by its first delivery. */
  const unsettled = new Map<Claimed, Job>();
  const leases = new Leases(store, parts.relay);
  /** Unwritten yet. */
  let ended: ClaimEnd[] = [];
  let claiming = false;
  let claimsUnderWay: Promise<void> | null = null;
  let settling = false;
  const company = new Company();
  let stopping = false;
  const alarm = new Alarm(now, () => {
    wake();
    sleepUntil(Infinity);
  });
  let idle: PromiseWithResolvers<void> | null = null;
  const renewal = setInterval(renew, RENEW_EVERY_MS);

  function wake(names: Iterable<string> = routes.keys()) {
    if (stopping) return;
    for (const name of names) if (routes.has(name)) wanting.add(name);
    if (wanting.size > 0 && !claiming) claimsUnderWay = claim();
  }

  function sleepUntil(time: number) {
    if (!stopping) alarm.set(Math.min(time, now() + LONGEST_SLEEP_MS));
  }

  /** What each wanting route can take now. */
  function openings(): ClaimRoute[] {
    return [...wanting].flatMap((name) => {
      wanting.delete(name);
      const route = routes.get(name);
      if (route === undefined) return [];
      const limit = places.claimable(route);
      if (limit <= 0) {
        places.crowd(name);
        return [];
      }
      const readyAt = runner.readyAt(route.plugin);
      if (readyAt === null) return [];
      if (readyAt > now()) {
        sleepUntil(readyAt);
        return [];
      }
      return [{ route: name, limit, order: route.order, rate: route.rate }];
    });
  }

  /** Whether a route is in force whose places are worth a claim. */
  function isWorthClaiming(name: string): boolean {
    const route = routes.get(name);
    return route !== undefined && places.areWorthClaiming(route);
  }

  async function claim() {
    claiming = true;
    try {
      while (wanting.size > 0 && !stopping) {
        await turn();
        const asked = openings();
        if (asked.length === 0) break;
        company.leave();
        await null; // until it goes
        const at = now();
        const { claimed: taken, nextDueAt } = await store.claim({
          relay: parts.relay,
          now: at,
          leaseUntil: at + LEASE_MS,
          holding: leases.deliveries(),
          routes: asked,
        });
        if (taken.length > 0) failpoint("claimed");
        batches(taken).forEach(beginOrWait);
        places.learn(asked, taken);
        for (const { route } of asked) if (isWorthClaiming(route)) wanting.add(route); // some were freed meanwhile
        // What is due and found no place is taken when one is freed; what comes after it is not known yet.
        if (nextDueAt !== null) sleepUntil(nextDueAt > at ? nextDueAt : at + CROWDED_SLEEP_MS);
      }
    } catch (error) {
      parts.onFault(error);
      sleepUntil(now() + FAULT_PAUSE_MS);
    } finally {
      claiming = false;
    }
  }

  /** What is attempted together: each delivery by itself, those of a digest in one. */
  function batches(claimed: readonly Claimed[]): Claimed[][] {
    const gathers = ({ delivery }: Claimed) => (routes.get(delivery.route)?.schedule.digest ?? null) !== null;
    const digests = Map.groupBy(claimed.filter(gathers), ({ delivery }) => delivery.route);
    return [...claimed.filter((one) => !gathers(one)).map((one) => [one]), ...digests.values()];
  }

  /** Gives the places of a route to those that wait for one. */
  function fill(name: string) {
    const route = routes.get(name);
    if (route === undefined || stopping) return;
    for (let next; (next = ahead.first(name)) !== undefined && places.admits(route, next);) {
      ahead.shift(name);
      begin([next]);
    }
  }

  /** Begins an attempt where there is a place for it; else it waits for one. */
  function beginOrWait(batch: Claimed[]) {
    batch.forEach((claimed) => leases.take(claimed));
    const [first] = batch;
    const route = routes.get(first!.delivery.route);
    if (stopping || route === undefined || batch.length > 1) begin(batch);
    else if (ahead.waiting(route.name) === 0 && places.admits(route, first!)) begin(batch);
    else ahead.add(first!);
  }

  function begin(batch: Claimed[]) {
    const startedAt = now();
    for (const claimed of batch) {
      const before = running.get(claimed.delivery.id);
      if (before) places.free(before.claimed); // lost to another relay, and now back while its old attempt still runs
      running.set(claimed.delivery.id, { claimed, startedAt });
      places.take(claimed);
    }
    attempt(batch, startedAt).catch((error) => fail(batch, startedAt, error));
  }

  async function attempt(batch: Claimed[], startedAt: number) {
    const route = routes.get(batch[0]!.delivery.route);
    if (route === undefined || stopping) return giveBack(batch, startedAt);
    if (batch.length > 1) giveBack(batch.splice(digestLength(batch.map(seenByPlugin))), startedAt);
    const job = {
      ...makeJob(batch, route, store, startedAt),
      get concurrency() {
        return mayRunBeside(batch);
      },
    };
    failpoint("attempting");
    const answer = await runner.run(job);
    failpoint("attempted");
    if (answer !== null && answer.kv.length > 0) unsettled.set(batch[0]!, job);
    const result = answer && await holdToMeasure(answer, route.name, store);
    const own = batch.filter(isStillRunning);
    if (!isStillRunning(batch[0]!)) tellSettled(batch[0]!);
    if (result === null) return giveBack(own, stopping ? startedAt : startedAt + FAULT_PAUSE_MS);
    ahead.took(route.name, result.ms ?? now() - startedAt);
    const began = result.ms === null ? startedAt : Math.max(startedAt, now() - result.ms);
    const facts = { job, route, result, startedAt: began, ...surroundings() };
    end(own.map((claimed, index) => {
      const first = index === 0;
      const chainCut = first && cutsChain({ claimed, result });
      return { claimed, settlement: settlement({ ...facts, claimed }, first), chainCut };
    }));
  }

  /** How many attempts of a route may be under way, a batch's among them; 0 where that is not to begin any more. */
  function mayRunBeside(batch: readonly Claimed[]): number {
    if (stopping || !batch.some((claimed) => leases.has(claimed))) return 0;
    return routes.get(batch[0]!.delivery.route)?.concurrency ?? 0;
  }

  /** Tells the runner that what a job left is on disk, or is not to be. */
  function tellSettled(first: Claimed) {
    const job = unsettled.get(first);
    if (job === undefined) return;
    unsettled.delete(first);
    runner.queue?.settled(job);
  }

  /** What becomes of a delivery depends on this too. */
  function surroundings() {
    return { now: now(), random: parts.random(), plan: parts.plan };
  }

  /** False for what was given back, or taken by another relay and then again by this one. */
  function isStillRunning(claimed: Claimed): boolean {
    return running.get(claimed.delivery.id)?.claimed === claimed;
  }

  /** A fault of ours may neither end the relay nor be met for ever. */
  function fail(batch: readonly Claimed[], startedAt: number, fault: unknown) {
    parts.onFault(fault);
    if (!isStillRunning(batch[0]!)) tellSettled(batch[0]!);
    const facts = { startedAt, ...surroundings() };
    end(
      batch.filter(isStillRunning).map((claimed) => {
        const route = routes.get(claimed.delivery.route);
        return { claimed, settlement: faulted({ ...facts, claimed, route }, fault) };
      }),
    );
  }

  /** Undoes claims: nothing was tried. */
  function giveBack(batch: readonly Claimed[], dueAt: number) {
    end(batch.map((claimed) => ({ claimed, settlement: givenBack(claimed, dueAt, null) })));
  }

  /** Gives back what runs. */
  function interrupt() {
    const at = now();
    end([...running.values()].map(({ claimed, startedAt }) => ({
      claimed,
      settlement: interrupted(claimed, startedAt, at),
    })));
  }

  function end(ends: readonly ClaimEnd[]) {
    for (const { claimed, settlement } of ends) {
      if (settlement.next.state === "pending") sleepUntil(settlement.next.dueAt);
      running.delete(claimed.delivery.id);
    }
    ended.push(...ends);
    free(ends.filter((one) => !remembers(one)));
    if (!settling && ended.length > 0) void settle();
    else if (ends.some(remembers)) company.leave(); // its place is free only then
  }

  /** Frees the places of what has ended. What it remembers must be on disk before its route's next attempt reads it. */
  function free(ends: readonly ClaimEnd[]) {
    for (const { claimed } of ends) places.free(claimed);
    for (const name of new Set(ends.map(({ settlement }) => settlement.route))) {
      fill(name);
      if (isWorthClaiming(name)) wake([name]);
    }
  }

  /** What ends while a commit runs goes into the next one, and, where a claim is to come soon, with that. */
  async function settle() {
    settling = true;
    while (ended.length > 0) {
      const isCrowded = places.crowded && !stopping && !ended.some(remembers);
      await (isCrowded ? company.wait() : turn());
      const batch = ended;
      ended = [];
      const left = await writeClaimEnds(batch.filter(({ claimed }) => leases.has(claimed)), {
        async settle(ends) {
          const settled = await store.settle(parts.relay, ends.map(({ settlement }) => settlement), now());
          tell(ends.filter((_, index) => settled[index]));
        },
        instead({ claimed, settlement }, refusal) {
          if (settlement.attempt === null) return null;
          const { startedAt } = settlement.attempt;
          const facts = { claimed, route: routes.get(settlement.route), startedAt, ...surroundings() };
          return unkeepable(facts, settlement, refusal);
        },
        onFault: parts.onFault,
      });
      const written = batch.filter((one) => !left.includes(one));
      for (const { claimed } of written) {
        leases.end(claimed);
        tellSettled(claimed);
      }
      free(written.filter(remembers));
      if (left.length === 0) continue;
      ended = [...left, ...ended];
      if (stopping) break; // their leases run out, and they are attempted again
      await new Promise((resolve) => setTimeout(resolve, FAULT_PAUSE_MS));
    }
    settling = false;
    if (running.size === 0) idle?.resolve();
  }

  /** Tells of what is on disk. One that the store refused is told as what stands there in its place. */
  function tell(written: readonly ClaimEnd[]) {
    for (const { claimed: { event, delivery }, settlement, chainCut = false } of written) {
      const { attempt } = settlement;
      if (attempt === null || attempt.outcome === "interrupted") continue;
      try {
        parts.observe({
          job: { route: settlement.route, delivery: delivery.id, attempt: attempt.number, event },
          settlement: { ...settlement, attempt },
          chainCut,
        });
      } catch (error) {
        parts.onFault(error); // what is on disk stays
      }
    }
  }

  /** How many run of those that the runner was given: the others wait there. */
  function underWay(name: string, given: number): number {
    return Math.min(given, routes.get(name)?.concurrency ?? given);
  }

  async function renew() {
    try {
      if (!await leases.renew(now() + LEASE_MS)) return;
      ahead.remove((claimed) => leases.has(claimed));
      runner.queue?.recall();
    } catch (error) {
      parts.onFault(error);
    }
  }

  return {
    configure(next) {
      routes = new Map(next.map((route) => [route.name, route]));
      ahead.remove(({ delivery }) => routes.has(delivery.route)).forEach((claimed) => begin([claimed])); // given back
      runner.queue?.recall();
      for (const name of routes.keys()) fill(name);
      wake();
      sleepUntil(Infinity);
    },
    wake,
    running: () => new Map([...places.taken()].map(([name, given]) => [name, underWay(name, given)])),
    async stop(graceMs) {
      stopping = true;
      runner.queue?.recall();
      ahead.remove(() => false).forEach((claimed) => begin([claimed])); // given back
      alarm.stop();
      clearInterval(renewal);
      await claimsUnderWay; // what it brings is given back
      if (running.size > 0 || settling) {
        idle = Promise.withResolvers();
        const patience = setTimeout(interrupt, graceMs);
        await idle.promise;
        clearTimeout(patience);
      }
    },
  };
}

/** Lets what is under way end first, so that one transaction serves many. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
