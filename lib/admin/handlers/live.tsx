/** The live view, its stream, coins, and finding by id. @module */
import { given } from "../../given.ts";
import * as query from "../api/query.ts";
import type { Overview } from "../api/shapes.ts";
import type { Desk } from "../desk.ts";
import { CoinPage } from "../pages/coin.tsx";
import { HEALTH, Problems } from "../pages/layout.tsx";
import { EventRow, Live, type Rate } from "../pages/live.tsx";
import { coinPath, eventPath } from "../pages/pieces.tsx";
import { coinView } from "../read/coin.ts";
import { findEvents, type Found } from "../read/find_events.ts";
import { eventItem } from "../read/views.ts";
import { message, startOf, streamToPage } from "../stream.ts";
import { answer, type Ctx, narrowing, params, type Site, sourceUrl } from "./site.tsx";

/** Adds the handlers. */
export function addLive({ app, desk, frame }: Site): void {
  const { parts } = desk;
  const rowOf = rememberedRows();
  const pulse = rememberedPulse(desk);

  app.get("/", async (c) => {
    const asked = params(c);
    const { limit, cursor, after: _, ...filters } = query.check(query.eventsParams, asked);
    const page = given({ limit, before: cursor });
    const rows = await findEvents(parts.store, query.eventQuery(filters), page);
    return answer(
      c,
      <Live
        frame={await frame(c)}
        rows={rows}
        routes={parts.routes().map(({ name }) => name)}
        filters={narrowing(asked)}
        search={new URLSearchParams(asked)}
        rate={await rateOf(desk)}
        url={sourceUrl(desk, parts.config().sources[0]?.path ?? "/webhook")}
        everReceived={rows.items.length > 0 || await desk.tail.last() > 0}
      />,
    );
  });

  const stream = (c: Ctx, rows: boolean) => {
    const { limit: _, cursor: __, after, ...filters } = query.check(query.eventsParams, params(c));
    return streamToPage(c, desk, {
      query: rows ? query.eventQuery(filters) : null,
      after: startOf(c.req.raw.headers, after),
      again: c.req.header("last-event-id") !== undefined,
      write: rowOf,
      pulse,
    });
  };
  app.get("/live/stream", (c) => stream(c, true));
  app.get("/live/moves", (c) => stream(c, false));

  app.get("/coins/:id{.+}", async (c) => {
    const id = c.req.param("id");
    return answer(c, <CoinPage frame={await frame(c)} id={id} coin={await coinView(parts.store, id)} />);
  });

  app.get("/search", async (c) => {
    const wanted = (c.req.query("q") ?? "").trim();
    if (wanted === "") return c.redirect("/");
    const [event] = await parts.store.events({ id: wanted }, { limit: 1 });
    return c.redirect(event === undefined ? coinPath(wanted) : eventPath(event.seq));
  });
}

/** Rows as messages, written once for all pages that watch. */
function rememberedRows(): (found: Found) => string {
  const rows = new Map<string, string>();
  return ({ event, content, deliveries }) => {
    const stand = deliveries.map(({ id, state, attempts, discarded }) => [id, state, attempts, discarded]);
    const key = `${event.seq} ${stand.join(" ")}`;
    let row = rows.get(key);
    if (row === undefined) {
      const data = String(<EventRow event={eventItem(event, content, deliveries)} />);
      row = message({ event: "row", data, id: event.seq });
      rows.set(key, row);
      if (rows.size > REMEMBERED_ROWS) rows.delete(rows.keys().next().value!);
    }
    return row;
  };
}

const REMEMBERED_ROWS = 500;

/** How the relay is, put together once for all pages that ask within a second. */
function rememberedPulse(desk: Desk): () => Promise<string> {
  let last: { overview: Overview; text: string } | null = null;
  return async () => {
    const overview = await desk.overview();
    if (last?.overview !== overview) {
      const problems = String(<Problems problems={overview.problems} />);
      const word = HEALTH[overview.health];
      last = { overview, text: JSON.stringify({ overview, word, rate: await rateOf(desk), problems }) };
    }
    return last.text;
  };
}

/** What all sources received in the last quarter of an hour. */
async function rateOf(desk: Desk): Promise<Rate> {
  const all = [...(await desk.standing()).sources.values()].map(({ recent }) => recent);
  const sum = (at: number, kind: "accepted" | "duplicate" | "rejected") =>
    all.reduce((total, one) => total + (one[at]?.counts[kind] ?? 0), 0);
  return (all[0] ?? []).map(({ at }, index) => ({
    at,
    accepted: sum(index, "accepted"),
    duplicate: sum(index, "duplicate"),
    rejected: sum(index, "rejected"),
  }));
}
