/** Takes due deliveries from the store, has their plugins run, and writes down what came of it. @module */
import type { Attempt, Content } from "../nouns.ts";
import type { Route } from "../route/resolve.ts";
import type { Match } from "../route/table.ts";
import { type Claimed, type ClaimRoute, type Settlement, type Store } from "../store/contract.ts";
import type { Job, PluginRunner, Result } from "./contract.ts";
import { makeJob } from "./job.ts";
import { cutsChain, settlement } from "./settle.ts";

/** One ended attempt, for logs, metrics and the dashboard. */
export interface AttemptReport {
  job: Job;
  result: Result;
  settlement: Settlement;
  /** Whether emitted events were dropped because their chain is too deep. */
  chainCut: boolean;
}

/** What the dispatcher needs from its surroundings. */
export interface DispatcherParts {
  store: Pick<Store, "claim" | "renew" | "settle" | "kvGet">;
  runner: PluginRunner;
  /** The routes that take an event which the relay makes itself. */
  match(content: Content): Match[];
  /** Names this process among all that share the store. */
  relay: string;
  /** Milliseconds since 1970. */
  now(): number;
  /** Between 0 and 1. */
  random(): number;
  observe(report: AttemptReport): void;
  /** Told what the store or the dispatcher could not do; it is tried again. */
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

/** How long a claim holds without being renewed: what a crash delays, where several relays share a store. */
export const LEASE_MS = 60_000;
/** How often leases are renewed. */
const RENEW_EVERY_MS = LEASE_MS / 3;
/** The store is asked at least this often: whatever was missed or whatever the clock did, work goes on. */
const LONGEST_SLEEP_MS = 15_000;
/** Wait before a store that failed is asked again. */
const FAULT_PAUSE_MS = 1000;

/** Makes a dispatcher; it begins with the first {@linkcode Dispatcher.configure}. */
export function createDispatcher(parts: DispatcherParts): Dispatcher {
  const { store, runner, now } = parts;
  let routes = new Map<string, Route>();
  /** Routes that may have work due. */
  const wanting = new Set<string>();
  const running = new Map<number, { claimed: Claimed; startedAt: number }>();
  const load = new Map<string, number>();
  const lost = new Set<number>();
  let ended: Settlement[] = [];
  let claiming = false;
  let settling = false;
  let stopping = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let timerAt = Infinity;
  let idle: PromiseWithResolvers<void> | null = null;
  const renewal = setInterval(renew, RENEW_EVERY_MS);

  function wake(names: Iterable<string> = routes.keys()) {
    if (stopping) return;
    for (const name of names) if (routes.has(name)) wanting.add(name);
    if (wanting.size > 0 && !claiming) void claim();
  }

  function sleepUntil(time: number) {
    const at = Math.min(time, now() + LONGEST_SLEEP_MS);
    if (stopping || at >= timerAt) return;
    clearTimeout(timer);
    timerAt = at;
    timer = setTimeout(() => {
      timerAt = Infinity;
      wake();
      sleepUntil(Infinity);
    }, Math.max(0, at - now()));
  }

  /** What each wanting route can take now. Routes at their limit are woken by the end of one of theirs. */
  function openings(): ClaimRoute[] {
    return [...wanting].flatMap((name) => {
      const route = routes.get(name);
      const limit = (route?.concurrency ?? 0) - (load.get(name) ?? 0);
      wanting.delete(name);
      if (route === undefined || limit <= 0) return [];
      const readyAt = runner.readyAt(route.plugin);
      if (readyAt === null) return [];
      if (readyAt > now()) {
        sleepUntil(readyAt);
        return [];
      }
      return [{ route: name, limit, order: route.order, rate: route.rate }];
    });
  }

  async function claim() {
    claiming = true;
    try {
      while (wanting.size > 0 && !stopping) {
        const asked = openings();
        if (asked.length === 0) break;
        const at = now();
        const { claimed, nextDueAt } = await store.claim({
          relay: parts.relay,
          now: at,
          leaseUntil: at + LEASE_MS,
          routes: asked,
        });
        claimed.forEach(begin);
        if (nextDueAt !== null) sleepUntil(Math.max(nextDueAt, at + 1));
      }
    } catch (error) {
      parts.onFault(error);
      sleepUntil(now() + FAULT_PAUSE_MS);
    } finally {
      claiming = false;
    }
  }

  function begin(claimed: Claimed) {
    const { delivery } = claimed;
    const startedAt = now();
    running.set(delivery.id, { claimed, startedAt });
    load.set(delivery.route, (load.get(delivery.route) ?? 0) + 1);
    void attempt(claimed, startedAt);
  }

  async function attempt(claimed: Claimed, startedAt: number) {
    const { delivery } = claimed;
    const route = routes.get(delivery.route);
    if (route === undefined || stopping) return giveBack(claimed, startedAt);
    const job = makeJob(claimed, route, store);
    const result = await runner.run(job);
    if (!running.has(delivery.id)) return; // given back while it ran
    if (result === null) return giveBack(claimed, startedAt + FAULT_PAUSE_MS);
    const facts = { claimed, job, route, result, startedAt, now: now(), random: parts.random() };
    const outcome = settlement({ ...facts, match: parts.match });
    parts.observe({ job, result, settlement: outcome, chainCut: cutsChain(facts) });
    end(claimed, outcome);
  }

  /** Makes a delivery pending again. Without an attempt the claim is undone: nothing was tried. */
  function giveBack(claimed: Claimed, dueAt: number, attempt: Attempt | null = null) {
    const { id, route } = claimed.delivery;
    end(claimed, { delivery: id, attempt, next: { state: "pending", dueAt }, route, kv: [], emitted: [] });
  }

  /** Gives back what runs: it may have acted already, so it counts as an attempt. */
  function interrupt() {
    const at = now();
    for (const { claimed, startedAt } of [...running.values()]) {
      giveBack(claimed, at, {
        number: claimed.delivery.attempts,
        startedAt,
        durationMs: Math.max(0, at - startedAt),
        outcome: "interrupted",
        error: "the relay stopped",
      });
    }
  }

  function end({ delivery }: Claimed, outcome: Settlement) {
    ended.push(outcome);
    if (outcome.next.state === "pending") sleepUntil(outcome.next.dueAt);
    running.delete(delivery.id);
    load.set(delivery.route, (load.get(delivery.route) ?? 1) - 1);
    if (!settling) void settle();
  }

  /** What ends while a commit runs goes into the next one. A route gets its free place once its end is on disk. */
  async function settle() {
    settling = true;
    while (ended.length > 0) {
      const batch = ended;
      ended = [];
      try {
        await store.settle(parts.relay, batch.filter(({ delivery }) => !lost.delete(delivery)), now());
        wake(new Set(batch.map(({ route }) => route)));
      } catch (error) {
        parts.onFault(error);
        ended = [...batch, ...ended];
        if (stopping) break; // their leases run out, and they are attempted again
        await new Promise((resolve) => setTimeout(resolve, FAULT_PAUSE_MS));
      }
    }
    settling = false;
    if (running.size === 0) idle?.resolve();
  }

  async function renew() {
    const held = [...running.keys(), ...ended.map(({ delivery }) => delivery)];
    if (held.length === 0) return;
    try {
      const still = new Set(await store.renew(parts.relay, held, now() + LEASE_MS));
      for (const id of held) if (!still.has(id) && running.has(id)) lost.add(id);
    } catch (error) {
      parts.onFault(error);
    }
  }

  return {
    configure(next) {
      routes = new Map(next.map((route) => [route.name, route]));
      wake();
      sleepUntil(Infinity);
    },
    wake,
    running: () => new Map([...load].filter(([, count]) => count > 0)),
    async stop(graceMs) {
      stopping = true;
      clearTimeout(timer);
      clearInterval(renewal);
      if (running.size > 0 || settling) {
        idle = Promise.withResolvers();
        const patience = setTimeout(interrupt, graceMs);
        await idle.promise;
        clearTimeout(patience);
      }
    },
  };
}
