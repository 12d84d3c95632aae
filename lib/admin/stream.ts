/**
 * Live events over SSE, each with its seq as the id, so that a reader that was cut off goes on where it was, without
 * gaps or doubles.
 *
 * @module
 */
import type { Context } from "hono";
import { type SSEStreamingApi, streamSSE } from "hono/streaming";
import type { Desk } from "./desk.ts";
import type { Move } from "./parts.ts";
import { Refused } from "./problem.ts";
import { PAGE_ROWS } from "./api/query.ts";
import { standingOf } from "./pages/pieces.tsx";
import { compileQuery, type EventQuery, findEvents, type Found } from "./read/find_events.ts";
import type { Waker } from "./read/tail.ts";

/** What a stream shows, and how. */
export interface StreamWish {
  query: EventQuery;
  /** Events after this seq; null: from now on. */
  after: number | null;
  /** An event as one {@linkcode message}, its seq as the id. */
  write(found: Found): string;
}

/** What a page's stream tells besides events. */
export interface PageStreamWish extends Omit<StreamWish, "query"> {
  /** Null: no events at all. */
  query: EventQuery | null;
  /** Whether the page was cut off, and shows what has arrived before that. */
  again: boolean;
  /** How the relay is, every few seconds. */
  pulse(): Promise<string>;
}

const MOST_STREAMS = 100;
const BATCH = 100;
/** A silent stream says that it lives: proxies cut what is silent for a minute. */
const KEEP_ALIVE_MS = 15_000;
/** A page looks for deliveries that moved on so often, and rests so long after each batch; */
const PAGE_TICK_MS = 250;
const PAGE_REST_MS = 120;
/** longer after many rows, since nobody reads them faster, */
const PAGE_ROW_MS = 4;
/** and shorter when it is behind and may leave nothing out. */
const CATCH_UP_MS = 20;
const PULSE_MS = 2000;
/** A page shows so many rows: what lies farther back when it cannot keep up is left out. */
const PAGE_STREAM_ROWS = 200;
const MOST_MOVES = 500;
/** Characters that are written at once, if no message is longer. */
const WRITE_LENGTH = 256 * 1024;

/** Where a reader wants to go on: `Last-Event-ID`, else the address, else null. */
export function startOf(headers: Headers, after: number | undefined): number | null {
  const last = headers.get("last-event-id");
  return last !== null && /^\d{1,15}$/.test(last) ? Number(last) : after ?? null;
}

/** Where to begin. What lies ahead of all events was told of another store, in whose place this one is now. */
async function beginning(desk: Desk, after: number | null): Promise<number> {
  const last = await desk.tail.last();
  return Math.min(after ?? last, last);
}

/** Every event that is asked for, as fast as the reader takes them. */
export function streamEvents(c: Context, desk: Desk, wish: StreamWish): Response {
  return open(c, desk, async (stream, waker, goOn) => {
    const wanted = fits(wish.query);
    let at = await beginning(desk, wish.after);
    await stream.write(`retry: 1000\nid: ${at}\n\n`);
    while (goOn()) {
      const rows = await desk.tail.after(at, BATCH);
      await send(stream, rows.values().filter(wanted).map(wish.write)); // each made when there is room for it
      at = rows.at(-1)?.event.seq ?? at;
      if (rows.length > 0) continue;
      await waker.wait(KEEP_ALIVE_MS);
      await stream.write(`: keep-alive\nid: ${at}\n\n`);
    }
  });
}

/** For a page: also tells of deliveries that move on and of the relay's health, and skips what no page could show. */
export function streamToPage(c: Context, desk: Desk, wish: PageStreamWish): Response {
  return open(c, desk, async (stream, waker, goOn) => {
    const wanted = wish.query === null ? () => false : fits(wish.query);
    const narrowed = Object.values(wish.query ?? {}).some((part) => part !== undefined);
    const moves = new Map<number, Move>();
    const forget = desk.onMove((move) => {
      moves.delete(move.delivery);
      moves.set(move.delivery, move);
      if (moves.size > MOST_MOVES) moves.delete(moves.keys().next().value!);
    });
    try {
      let at = await beginning(desk, wish.after);
      let pulseAt = -Infinity;
      let behind = true;
      await stream.write(`retry: 1000\nid: ${at}\n\n`);
      // What moved on between the making of the page, or the break, and now.
      if (wish.query !== null) {
        const rows = wish.again ? PAGE_STREAM_ROWS : PAGE_ROWS;
        const known = (await standing(desk, wish.query, at, rows)).filter(({ delivery }) =>
          !moves.has(delivery)
        );
        if (known.length > 0) await send(stream, [movesMessage(known)]);
      }
      while (goOn()) {
        if (behind && !narrowed) at = Math.max(at, await desk.tail.last() - PAGE_STREAM_ROWS);
        const rows = await desk.tail.after(at, BATCH);
        behind = rows.length === BATCH;
        const news = rows.filter(wanted).map(wish.write);
        at = rows.at(-1)?.event.seq ?? at;
        if (moves.size > 0) {
          news.push(movesMessage([...moves.values()]));
          moves.clear();
        }
        if (performance.now() - pulseAt > PULSE_MS) {
          pulseAt = performance.now();
          news.push(message({ event: "pulse", data: await wish.pulse(), id: at }));
        }
        await send(stream, news);
        await rest(
          narrowed ? behind ? CATCH_UP_MS : PAGE_REST_MS : Math.max(PAGE_REST_MS, rows.length * PAGE_ROW_MS),
        );
        if (!behind) await waker.wait(PAGE_TICK_MS);
      }
    } finally {
      forget();
    }
  });
}

/** A message as it is sent. Lines in `data` stay lines. */
export function message({ event, data, id }: { event?: string; data: string; id?: number }): string {
  const lines = data.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`).join("");
  return `${event === undefined ? "" : `event: ${event}\n`}${lines}${
    id === undefined ? "" : `id: ${id}\n`
  }\n`;
}

/** Deliveries that moved on, each with what is said of it. */
function movesMessage(moves: readonly Move[]): string {
  return message({
    event: "moves",
    data: JSON.stringify(moves.map((move) => ({ ...move, ...standingOf(move) }))),
  });
}

/** Sends messages, many in one write: each write costs the relay as much as many rows. */
async function send(stream: SSEStreamingApi, messages: Iterable<string>): Promise<void> {
  let text = "";
  for (const one of messages) {
    text += one;
    if (text.length < WRITE_LENGTH) continue;
    await stream.write(text);
    text = "";
  }
  if (text !== "") await stream.write(text);
}

/** Waits up to `ms`, until a moment that is the same for all who do: what one page is shown is then made for all. */
function rest(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms - performance.now() % ms));
}

/** How the deliveries of the newest rows stand that the page has already. */
async function standing(desk: Desk, query: EventQuery, seq: number, limit: number): Promise<Move[]> {
  const { items } = await findEvents(desk.parts.store, query, { limit, before: seq + 1 });
  return items.flatMap(({ deliveries }) =>
    deliveries.map(({ id: delivery, ...rest }) => ({ delivery, ...rest }))
  );
}

function open(
  c: Context,
  desk: Desk,
  run: (stream: SSEStreamingApi, waker: Waker, goOn: () => boolean) => Promise<void>,
): Response {
  // Of an answer to HEAD nobody reads the body, or would ever let go of it.
  if (c.req.method === "HEAD") return c.body(null, 200, { "content-type": "text/event-stream" });
  if (desk.streams.open >= MOST_STREAMS) {
    throw new Refused(503, "too_many_streams", `${MOST_STREAMS} streams are open already: close some.`, {
      "retry-after": "10",
    });
  }
  desk.streams.open++;
  return streamSSE(c, async (stream) => {
    const waker = desk.tail.waker();
    stream.onAbort(waker.close);
    try {
      await run(stream, waker, () => !stream.aborted && !desk.closing());
    } catch (error) {
      // The reader comes back by itself and goes on where it was.
      if (!desk.closing()) desk.parts.onAction("stream ended", { error: String(error) });
    } finally {
      waker.close();
      desk.streams.open--;
    }
  });
}

function fits(query: EventQuery): (found: Found) => boolean {
  const wanted = compileQuery(query);
  return ({ event, content, deliveries }) =>
    wanted(event, content) &&
    (query.route === undefined || deliveries.some(({ route }) => route === query.route));
}
