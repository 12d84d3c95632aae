/**
 * A simulated provider: sends events as the provider does, each up to 14 times until it is answered 2xx, its 24 hours
 * compressed into seconds; and forgeries, which must come to nothing.
 *
 * @module
 */
import { PROVIDER_TRIES } from "../../lib/receive/failing.ts";
import type { Random } from "../support/random.ts";
import { signedRequest } from "../support/signed_request.ts";

/** What the provider knows of an event. */
export interface SentEvent {
  id: string;
  coin: string;
  body: string;
  /** Tries made. */
  tries: number;
  /** Whether a try was answered 2xx; `gave_up`: all of them failed. */
  fate: "trying" | "accepted" | "gave_up";
  /** How many tries got no answer: the relay may have stored the event all the same. */
  unanswered: number;
}

/** What is counted of the provider's side. */
export interface ProviderCounts {
  tries: number;
  unanswered: number;
  unavailable: number;
  duplicates: number;
  forgeries: number;
  /** Answers that no relay should give. */
  strange: string[];
}

/** How it sends. */
export interface ProviderSettings {
  secret: string;
  random: Random;
  /** Where the relay listens, or did when it was last heard. */
  url(): string;
  /** How many events there are in all. */
  events: number;
  /** How many of them may have been sent by now. */
  released(): number;
}

/** Coins: few enough that each has many events, which must stay in order. */
const COINS = 40;
/** Waits between tries double from the first up to the longest: a day of 14 tries in about a minute. */
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 8000;
/** An event every so many milliseconds, as long as there are some. */
const EVENT_EVERY_MS = 10;
/** One forgery for so many events. */
const FORGERY_EVERY = 10;
const ANSWER_TIMEOUT_MS = 10_000;

/** Starts sending. */
export function startProvider({ secret, random, url, events: total, released }: ProviderSettings) {
  const events = new Map<string, SentEvent>();
  const forged = new Set<string>();
  const counts: ProviderCounts = {
    tries: 0,
    unanswered: 0,
    unavailable: 0,
    duplicates: 0,
    forgeries: 0,
    strange: [],
  };
  const ended = new AbortController();
  let settled = 0;

  async function post(request: RequestInit): Promise<{ status: number; said: string } | null> {
    try {
      const response = await fetch(url(), { ...request, signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
      const answer = await response.json() as { status: unknown; reason?: string };
      return { status: response.status, said: answer.reason ?? String(answer.status) };
    } catch {
      return null;
    }
  }

  async function deliver(event: SentEvent) {
    for (let wait = FIRST_WAIT_MS; event.tries < PROVIDER_TRIES; wait = Math.min(LONGEST_WAIT_MS, wait * 2)) {
      event.tries++;
      counts.tries++;
      const answer = await post(signedRequest({ secret, id: event.id, body: event.body }));
      if (answer === null) {
        event.unanswered++;
        counts.unanswered++;
      } else if (answer.status === 200) {
        if (answer.said === "duplicate") counts.duplicates++;
        event.fate = "accepted";
        settled++;
        return;
      } else if (answer.status === 503) counts.unavailable++;
      else counts.strange.push(`${answer.status} ${answer.said}`);
      await pause(wait * (0.5 + random.next()));
    }
    event.fate = "gave_up";
    settled++;
  }

  async function forge(n: number) {
    const id = `forged-${n}`;
    forged.add(id);
    counts.forgeries++;
    const stale = random.chance(0.5);
    const answer = await post(signedRequest({
      id,
      body: bodyOf("forged", n),
      ...(stale
        ? { secret, timestamp: String(Math.floor(Date.now() / 1000) - 3600) }
        : { secret: "whsec_wrong" }),
    }));
    if (answer !== null && answer.status !== 401) {
      counts.strange.push(`forgery: ${answer.status} ${answer.said}`);
    }
  }

  void (async () => {
    for (let n = 0; n < total && !ended.signal.aborted; n++) {
      await pause(random.below(2 * EVENT_EVERY_MS));
      while (n >= released() && !ended.signal.aborted) await pause(EVENT_EVERY_MS);
      const coin = random.chance(0.02) ? "poison-1" : `coin-${random.below(COINS)}`;
      const event: SentEvent = {
        id: `evt-${n}`,
        coin,
        body: bodyOf(coin, n),
        tries: 0,
        fate: "trying",
        unanswered: 0,
      };
      events.set(event.id, event);
      void deliver(event);
      if (n % FORGERY_EVERY === 0) void forge(n);
    }
  })();

  return {
    events,
    forged,
    counts,
    /** Whether every event it will ever send has found its fate. */
    isDone: () => (events.size === total || ended.signal.aborted) && settled === events.size,
    /** Sends no new events; those under way go on. */
    end() {
      ended.abort();
    },
  };
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

function bodyOf(coin: string, n: number): string {
  return JSON.stringify({
    event_type: "cg.coin.info.updated",
    data: {
      id: coin,
      symbol: coin,
      name: `Coin ☕ ${n}`,
      changes: [
        { field: n % 2 === 0 ? "name" : "symbol", change_type: "update", old_value: n, new_value: n + 1 },
        {
          field: "links.homepage",
          change_type: "update",
          old_value: [],
          new_value: [`https://example.com/${n}`],
        },
      ],
    },
  });
}
