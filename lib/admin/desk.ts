/** What every answer of the admin listener is made from: the parts, and what is kept between two requests. @module */
import { maskText, secretValues } from "../config/secrets.ts";
import type { AttemptReport } from "../dispatch/dispatcher.ts";
import type { DeliveryState } from "../nouns.ts";
import type { Overview } from "./api/shapes.ts";
import { type Bulk, createBulk } from "./bulk.ts";
import type { AdminParts } from "./parts.ts";
import { overviewOf } from "./read/overview.ts";
import { pluginItems, routeItems } from "./read/routes.ts";
import { createSources, type Sources } from "./read/sources.ts";
import { createTail, type Tail } from "./read/tail.ts";

/** A delivery that has just moved on. */
export interface Move {
  delivery: number;
  route: string;
  state: DeliveryState;
  attempts: number;
}

/** The desk. */
export interface Desk {
  parts: AdminParts;
  tail: Tail;
  sources: Sources;
  bulk: Bulk;
  /** `text` with every secret of the config in force taken out. */
  mask(text: string): string;
  /** How the relay is; at most a second old, however many ask. */
  overview(): Promise<Overview>;
  /** Readers of the streams that are open. */
  streams: { open: number };
  /** Calls `listener` after each attempt. Returns its undoing. */
  onMove(listener: (move: Move) => void): () => void;
  observeAttempt(report: AttemptReport): void;
  /** Whether the listener is closing: streams end. */
  closing(): boolean;
  close(): void;
}

const OVERVIEW_MS = 1000;

/** Sets a desk up. */
export function createDesk(parts: AdminParts): Desk {
  const tail = createTail(parts.store);
  const sources = createSources(parts);
  const listeners = new Set<(move: Move) => void>();
  let closing = false;
  let secretsOf: { config: unknown; secrets: string[] } = { config: null, secrets: [] };
  let known: { at: number; overview: Promise<Overview> } | null = null;

  function mask(text: string): string {
    const config = parts.config();
    if (secretsOf.config !== config) secretsOf = { config, secrets: secretValues(config) };
    return maskText(text, secretsOf.secrets);
  }

  async function makeOverview(): Promise<Overview> {
    const now = parts.now();
    const perMinute = parts.config().sources.reduce(
      (sum, { name }) =>
        sum + parts.ledger.recent(name, now).slice(-6).reduce((n, { counts }) => n + counts.accepted, 0),
      0,
    );
    return overviewOf({
      now,
      sources: await sources.all(),
      routes: await routeItems(parts, mask),
      plugins: pluginItems(parts, mask),
      perMinute,
    });
  }

  return {
    parts,
    tail,
    sources,
    mask,
    bulk: createBulk(parts.store, parts.now, (job) => {
      parts.onAction(`${job.action} many`, { done: job.done, state: job.state, error: job.error });
    }),
    overview() {
      const now = parts.now();
      if (known === null || now - known.at >= OVERVIEW_MS || now < known.at) {
        const overview = makeOverview();
        overview.catch(() => known = null);
        known = { at: now, overview };
      }
      return known.overview;
    },
    streams: { open: 0 },
    onMove(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    observeAttempt({ job, settlement }) {
      if (listeners.size === 0) return;
      const { state } = settlement.next;
      const move: Move = { delivery: job.delivery, route: job.route, state, attempts: job.attempt };
      for (const listener of listeners) listener(move);
    },
    closing: () => closing,
    close() {
      closing = true;
      tail.close();
    },
  };
}
