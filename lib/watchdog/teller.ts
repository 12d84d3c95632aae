/** Stores what the relay says of itself, whatever the store does meanwhile. @module */
import type { JsonObject } from "../nouns.ts";
import { ownEvent } from "../dispatch/own_event.ts";
import type { Plan } from "../route/plan.ts";
import type { NewEvent } from "../store/contract.ts";

/** Tells. */
export interface Teller {
  /**
   * Makes an own event. It is stored now, or as soon as the store can.
   *
   * @param id The same for what several relays may tell of each: it is stored once. Default: a fresh one.
   */
  tell(type: string, data: JsonObject, id?: string): void;
  /** Tries to store what is left once more, and ends. */
  stop(): Promise<void>;
}

/** What a teller needs from its surroundings. */
export interface TellerParts {
  /** Commits one event; rejects when the store cannot. */
  append(event: NewEvent): Promise<unknown>;
  plan: Plan;
  /** Milliseconds since 1970. */
  now(): number;
  onFault(error: unknown): void;
}

const TRY_AGAIN_MS = 2000;
/** More than this is not kept while the store is away; the oldest goes first. */
const MOST_WAITING = 100;

/** Makes a teller. */
export function createTeller({ append, plan, now, onFault }: TellerParts): Teller {
  const waiting: (() => NewEvent)[] = [];
  let storing: Promise<void> | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;

  /** Stores in the order of telling. */
  async function store() {
    try {
      while (waiting.length > 0) {
        const next = waiting[0]!;
        await append(next());
        if (waiting[0] === next) waiting.shift();
      }
    } catch (error) {
      onFault(error);
      if (!stopped) timer = setTimeout(begin, TRY_AGAIN_MS);
    } finally {
      storing = null;
    }
  }

  function begin() {
    clearTimeout(timer);
    if (waiting.length > 0) storing ??= store();
  }

  return {
    tell(type, data, id = crypto.randomUUID()) {
      const at = now();
      const told = { id, type, coin: null, data, test: false, depth: 0 };
      waiting.push(() => ownEvent(told, plan, at)); // planned when it is stored: routes may have changed by then
      if (waiting.length > MOST_WAITING) waiting.shift();
      begin();
    },
    async stop() {
      stopped = true;
      begin();
      await storing;
      clearTimeout(timer);
    },
  };
}
