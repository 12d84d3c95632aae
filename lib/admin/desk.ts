/** What every answer of the admin listener is made from: the parts, and what is kept between two requests. @module */
import { maskText } from "../config/mask.ts";
import { createSecretMemory } from "../config/secrets.ts";
import type { Overview } from "./api/shapes.ts";
import { type Bulk, createBulk } from "./bulk.ts";
import type { AdminParts, Move, Standing } from "./parts.ts";
import { overviewOf } from "./read/overview.ts";
import { createReadiness } from "./read/readiness.ts";
import { leftBehind, pluginItems, routeItems } from "./read/routes.ts";
import { createSources, type Sources } from "./read/sources.ts";
import { createTail, type Tail } from "./read/tail.ts";

/** The desk. */
export interface Desk {
  parts: AdminParts;
  tail: Tail;
  sources: Sources;
  bulk: Bulk;
  /** `text` with every secret taken out of the config in force, and of those before that this desk has seen. */
  mask(text: string): string;
  /** How the relay is; at most a second old, however many ask. */
  overview(): Promise<Overview>;
  /** How all stands, as old as the overview. */
  standing(): Promise<Standing>;
  /** Readers of the streams that are open. */
  streams: { open: number };
  /** Calls `listener` after each attempt. Returns its undoing. */
  onMove(listener: (move: Move) => void): () => void;
  /** Tells the listeners. */
  moved(move: Move): void;
  /** Whether the listener is closing: streams end. */
  closing(): boolean;
  close(): void;
}

const OVERVIEW_MS = 1000;

/** Sets a desk up. */
export function createDesk(parts: AdminParts): Desk {
  const tail = createTail(parts);
  const sources = createSources(parts);
  const readiness = createReadiness(parts);
  const listeners = new Set<(move: Move) => void>();
  let closing = false;
  const secretsOf = createSecretMemory();
  let known: { at: number; standing: Promise<Standing>; overview: Promise<Overview> } | null = null;

  const mask = (text: string) => maskText(text, secretsOf(parts.config()));

  async function makeOverview(asked: Promise<Standing>): Promise<Overview> {
    const standing = await asked;
    const perMinute = [...standing.sources.values()].reduce(
      (sum, { recent }) => sum + recent.slice(-6).reduce((n, { counts }) => n + counts.accepted, 0),
      0,
    );
    const [counts, ready] = await Promise.all([parts.store.counts(), readiness()]);
    return overviewOf({
      now: parts.now(),
      sources: await sources.all(standing),
      routes: routeItems(parts, counts, standing, mask),
      left: leftBehind(parts, counts),
      plugins: pluginItems(parts, standing, mask),
      refusedConfig: standing.refusedConfig === null ? null : mask(standing.refusedConfig),
      store: ready?.ready === false ? mask(ready.said) : null,
      perMinute,
    });
  }

  function look() {
    const now = parts.now();
    if (known === null || now - known.at >= OVERVIEW_MS || now < known.at) {
      const standing = parts.standing();
      const overview = makeOverview(standing);
      overview.catch(() => known = null);
      known = { at: now, standing, overview };
    }
    return known;
  }

  return {
    parts,
    tail,
    sources,
    mask,
    bulk: createBulk(parts, ({ action, done, state, error }, { waiting = false }) => {
      parts.onAction(`${action} many`, { ...(waiting && { waiting }), done, state, error });
    }),
    overview: () => look().overview,
    standing: () => look().standing,
    streams: { open: 0 },
    onMove(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    moved(move) {
      for (const listener of listeners) listener(move);
    },
    closing: () => closing,
    close() {
      closing = true;
      tail.close();
    },
  };
}
