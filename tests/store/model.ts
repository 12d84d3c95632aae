/** What a store does, said as simply as possible: arrays in memory, nothing indexed, nothing durable. @module */
import type {
  Appended,
  ClaimRequest,
  NewEvent,
  ReplayWish,
  RouteCount,
  Settlement,
} from "../../lib/store/contract.ts";
import type { Attempt, Delivery, DeliveryState, StoredEvent } from "../../lib/nouns.ts";

interface Held extends Delivery {
  /** Waits behind another of its coin. */
  behind: boolean;
  tries: Attempt[];
  lease: { relay: string; until: number; startedAt: number } | null;
}

/** The part of `Store` that changes things, in memory. Rates are left out: their own tests are exact. */
export class Model {
  events: StoredEvent[] = [];
  deliveries: Held[] = [];
  known = new Set<string>();
  ordered = new Set<string>();
  kv = new Map<string, string>();
  #deleted: { key: string; receivedAt: number }[] = [];
  #seq = 0;
  #id = 0;

  append(events: readonly NewEvent[]): Appended[] {
    return events.map(({ deliveries, ...event }) => {
      const key = JSON.stringify([event.source, event.id]);
      if (this.known.has(key)) return { result: "duplicate" };
      this.known.add(key);
      const stored = { seq: ++this.#seq, ...event };
      this.events.push(stored);
      for (const { route, matched, dueAt } of deliveries) {
        this.#plan(stored, route, matched, dueAt, event.receivedAt, null);
      }
      return { result: "accepted", seq: stored.seq };
    });
  }

  claim({ relay, now, leaseUntil, routes }: ClaimRequest): { claimed: Delivery[]; nextDueAt: number | null } {
    for (const one of this.deliveries.filter(({ lease }) => lease && lease.until <= now)) {
      const startedAt = one.lease!.startedAt;
      one.tries.push({
        number: one.attempts,
        startedAt,
        durationMs: null,
        outcome: "interrupted",
        error: null,
        sent: [],
      });
      one.lease = null;
      one.state = "pending";
    }
    const claimed: Held[] = [];
    let nextDueAt: number | null = null;
    for (const { route, limit, order } of routes) {
      this.#order(route, order === "coin");
      const waiting = this.deliveries
        .filter((one) => one.route === route && one.state === "pending" && !one.behind)
        .sort((a, b) => a.dueAt - b.dueAt || a.id - b.id);
      const taken = waiting.filter(({ dueAt }) => dueAt <= now).slice(0, limit);
      claimed.push(...taken);
      const next = waiting.find((one) => !taken.includes(one));
      if (next) nextDueAt = Math.min(nextDueAt ?? Infinity, next.dueAt);
      for (const one of taken) {
        one.state = "running";
        one.attempts++;
        one.lease = { relay, until: leaseUntil, startedAt: now };
      }
    }
    return { claimed: claimed.map(shown), nextDueAt };
  }

  renew(relay: string, deliveries: readonly number[], until: number): number[] {
    return deliveries.filter((id) => {
      const lease = this.#find(id)?.lease;
      if (lease?.relay !== relay) return false;
      lease.until = until;
      return true;
    });
  }

  settle(relay: string, settlements: readonly Settlement[], now: number): boolean[] {
    return settlements.map(({ delivery, attempt, next, kv, route, emitted }) => {
      const one = this.#find(delivery);
      if (one?.lease?.relay !== relay || attempt && attempt.number !== one.attempts) return false;
      one.lease = null;
      if (attempt) one.tries.push(attempt);
      else one.attempts--;
      one.error = attempt?.error ?? one.error;
      one.state = next.state;
      if (next.state === "pending") one.dueAt = next.dueAt;
      else {
        one.finishedAt = now;
        this.#advance(one);
      }
      for (const { key, value } of kv) {
        if (value === null) this.kv.delete(`${route} ${key}`);
        else this.kv.set(`${route} ${key}`, value);
      }
      this.append(emitted);
      return true;
    });
  }

  retry(choose: (one: Delivery) => boolean, now: number): number {
    const chosen = this.deliveries.filter((one) =>
      choose(one) &&
      (one.state === "dead" || one.state === "pending" && (one.dueAt > now || one.attempts > 0))
    );
    for (const one of chosen) {
      if (one.state === "dead") one.behind = this.#occupied(one.route, this.#coin(one));
      Object.assign(one, { state: "pending", dueAt: now, finishedAt: null, attempts: 0, discarded: false });
    }
    return chosen.length;
  }

  discard(choose: (one: Delivery) => boolean, states: readonly DeliveryState[], now: number): number {
    const chosen = this.deliveries.filter((one) =>
      choose(one) && states.includes(one.state) && !one.discarded
    );
    const heads = chosen.filter(({ state, behind }) => state === "pending" && !behind);
    for (const one of chosen) {
      Object.assign(one, {
        state: "dead",
        discarded: true,
        finishedAt: one.finishedAt ?? now,
        behind: false,
      });
    }
    for (const one of heads) this.#advance(one);
    return chosen.length;
  }

  replay(wishes: readonly ReplayWish[], now: number): number[] {
    return wishes.flatMap(({ event, route, matched, replayOf }) => {
      const stored = this.events.find(({ seq }) => seq === event);
      return stored ? [this.#plan(stored, route, matched, now, now, replayOf)] : [];
    });
  }

  prune(olderThan: number, forgetIdsBefore: number): number {
    const needed = (one: Held) => one.state !== "done" && !one.discarded;
    const old = this.events.filter(({ seq, receivedAt }) =>
      receivedAt < olderThan && !this.deliveries.some((one) => one.event === seq && needed(one))
    );
    this.events = this.events.filter((event) => !old.includes(event));
    this.deliveries = this.deliveries.filter((one) => !old.some(({ seq }) => seq === one.event));
    for (const { source, id, receivedAt } of old) {
      this.#deleted.push({ key: JSON.stringify([source, id]), receivedAt });
    }
    this.#deleted = this.#deleted.filter(({ key, receivedAt }) => {
      if (receivedAt < forgetIdsBefore) this.known.delete(key);
      return receivedAt >= forgetIdsBefore;
    });
    return old.length;
  }

  counts(): RouteCount[] {
    const counts = new Map<string, RouteCount>();
    for (const { route, state, createdAt, discarded } of this.deliveries) {
      if (discarded) continue;
      const known = counts.get(`${route} ${state}`);
      if (known) known.count++;
      else counts.set(`${route} ${state}`, { route, state, count: 1, oldest: createdAt });
    }
    return [...counts.values()];
  }

  /** All deliveries as a store shows them, newest first. */
  shown(): Delivery[] {
    return this.deliveries.map(shown).reverse();
  }

  attempts(id: number): Attempt[] {
    return this.#find(id)?.tries ?? [];
  }

  #find(id: number): Held | undefined {
    return this.deliveries.find((one) => one.id === id);
  }

  #plan(
    event: StoredEvent,
    route: string,
    matched: number[] | null,
    dueAt: number,
    createdAt: number,
    replayOf: number | null,
  ): number {
    const behind = this.#occupied(route, event.coin ?? "");
    const id = ++this.#id;
    const fresh = { state: "pending", attempts: 0, finishedAt: null, error: null, discarded: false } as const;
    const held = { behind, tries: [], lease: null };
    this.deliveries.push({
      id,
      event: event.seq,
      route,
      matched,
      dueAt,
      createdAt,
      replayOf,
      ...fresh,
      ...held,
    });
    return id;
  }

  #coin(one: Delivery): string {
    return this.events.find(({ seq }) => seq === one.event)?.coin ?? "";
  }

  #lane(route: string, coin: string): Held[] {
    const unfinished = (one: Held) => one.state === "pending" || one.state === "running";
    return this.deliveries.filter((one) =>
      one.route === route && unfinished(one) && this.#coin(one) === coin
    );
  }

  #occupied(route: string, coin: string): boolean {
    return this.ordered.has(route) && this.#lane(route, coin).some(({ behind }) => !behind);
  }

  #advance(finished: Held): void {
    const coin = this.#coin(finished);
    if (!this.ordered.has(finished.route) || this.#occupied(finished.route, coin)) return;
    const next = this.#lane(finished.route, coin)[0];
    if (next) next.behind = false;
  }

  #order(route: string, ordered: boolean): void {
    if (this.ordered.has(route) === ordered) return;
    if (!ordered) {
      this.ordered.delete(route);
      for (const one of this.deliveries) if (one.route === route) one.behind = false;
      return;
    }
    this.ordered.add(route);
    for (const one of this.deliveries) if (one.route === route) one.behind = one.state === "pending";
    for (const one of this.deliveries.filter((one) => one.route === route && one.behind)) {
      if (!this.#occupied(route, this.#coin(one))) one.behind = false;
    }
  }
}

function shown({ behind: _b, tries: _t, lease: _l, ...delivery }: Held): Delivery {
  return { ...delivery };
}
