/** The live view: what changed in the market, as it arrives. @module */
import { type Change, CHANGE_TYPES, type Json, type JsonObject } from "../../nouns.ts";
import { changeWords, eventWords } from "../../plugin/words.ts";
import type { EventItem, Overview, Page as Rows } from "../api/shapes.ts";
import { Value, Values } from "./change.tsx";
import { Empty, type Frame, Page, Problems } from "./layout.tsx";
import { Choice, coinPath, eventPath, Pager, RouteBadge } from "./pieces.tsx";
import { number, T, Time } from "./text.tsx";

/** Event types that can be chosen; another one can be typed. */
const TYPES = [
  "cg.coin.info.updated",
  "cg.coin.price.updated",
  "cg.coin.price.moved",
  "cg.coin.listed",
  "cg.coin.exchange.added",
  "relay.delivery.dead",
  "relay.source.rejecting",
  "relay.source.silent",
];
/** Changes of one event that are shown before "and more". */
const SHOWN_CHANGES = 4;
/** A text in the data of an event without changes is cut to so many characters. */
const SHOWN_CHARS = 400;

/** What the listing is narrowed by, as the address has it. */
export type LiveFilters = Readonly<Partial<Record<string, string>>>;

/** Those that the form has fields for; others (a link made them) it keeps as they are. */
const FIELDS = ["coin", "field", "changeType", "type", "route", "q"];

/** Counts of the last quarter of an hour, in steps. */
export type Rate = { at: number; accepted: number; duplicate: number; rejected: number }[];

/** The page. */
export function Live({ frame, rows, routes, filters, search, rate, url, everReceived }: {
  frame: Frame;
  rows: Rows<EventItem>;
  routes: string[];
  filters: LiveFilters;
  search: URLSearchParams;
  rate: Rate;
  /** Where the provider must send to. */
  url: string;
  everReceived: boolean;
}) {
  const filtered = Object.values(filters).some(Boolean);
  const extra = Object.entries(filters).some(([name, value]) => name !== "coin" && value);
  const live = !search.has("cursor");
  const newest = rows.items[0]?.seq ?? 0;
  return (
    <Page title="Live" at="/" frame={frame} scripts={["uplot.js", "live.js"]}>
      <div class="head">
        <h1 class="grow">Live</h1>
        {live && <span class="lamp" data-connection role="status">connecting</span>}
      </div>
      <Problems problems={frame.overview.problems} />
      <Tiles overview={frame.overview} rate={rate} />
      <section class="card" aria-label="Events">
        <form class="filters" data-auto role="search" aria-label="Filter events">
          <label>
            Coin id<input
              name="coin"
              value={filters["coin"] ?? ""}
              placeholder="any"
              autocomplete="off"
            />
          </label>
          {Object.entries(filters).filter(([name]) => !FIELDS.includes(name)).map(([name, value]) => (
            <input type="hidden" name={name} value={value} />
          ))}
          <details class="extra-switch" open={extra}>
            <summary>More filters</summary>
          </details>
          <label class="extra">
            Field<input
              name="field"
              value={filters["field"] ?? ""}
              placeholder="links.*"
              autocomplete="off"
              spellcheck={false}
            />
          </label>
          <Choice
            label="Change"
            name="changeType"
            values={CHANGE_TYPES}
            chosen={filters["changeType"]}
            extra
          />
          <Choice
            label="Event type"
            name="type"
            values={TYPES}
            chosen={filters["type"]}
            word={eventWords}
            extra
          />
          <Choice label="Route" name="route" values={routes} chosen={filters["route"]} extra />
          <label class="extra">
            Text<input name="q" type="search" value={filters["q"] ?? ""} autocomplete="off" />
          </label>
          <div class="row">
            <button>Filter</button>
            {filtered && <a class="button quiet" href="/">Clear</a>}
            <button type="button" data-watchlist aria-pressed="false" hidden>★ Watchlist</button>
            {live && <button type="button" data-pause aria-pressed="false" hidden>Pause</button>}
          </div>
        </form>
        <div class="paused" data-paused hidden>
          <span role="status" data-held></span>
          <button type="button" class="quiet" data-resume>Show them and go on</button>
        </div>
        <ol
          class="events"
          data-events={live ? "" : undefined}
          data-newest={String(newest)}
          data-search={search.toString()}
        >
          {rows.items.map((event) => <EventRow event={event} />)}
        </ol>
        <div data-none hidden={rows.items.length > 0}>
          {everReceived || filtered
            ? <NoneHere filtered={filtered} newest={live} more={rows.next !== null} />
            : <NeverReceived url={url} />}
        </div>
        <Pager path="/" search={search} next={rows.next} />
      </section>
    </Page>
  );
}

/** One event in a listing; also what the stream brings to the page. */
export function EventRow({ event }: { event: EventItem }) {
  const { seq, coin, deliveries, severity, receivedAt, test, source } = event;
  return (
    <li class="event" data-seq={seq} data-coin={coin?.id} data-severity={severity}>
      <span class="sev" title={severity === "info" ? undefined : severity}>
        {severity !== "info" && <span class="vh">{severity}</span>}
      </span>
      <span class="when small">
        <a href={eventPath(seq)}>
          <span class="vh">Open this event,</span> <Time at={receivedAt} />
        </a>
      </span>
      <span class="who">
        {coin === null ? <a href={eventPath(seq)}>{source}</a> : (
          <>
            <a href={coinPath(coin.id)}>
              <T>{coin.name || coin.id}</T>
            </a>{" "}
            {coin.symbol && (
              <span class="sym">
                <T>{coin.symbol.toUpperCase()}</T>
              </span>
            )}
            <button
              type="button"
              class="star"
              data-star={coin.id}
              aria-pressed="false"
              aria-label={`Watch ${coin.id}`}
              hidden
            >
              ☆
            </button>
          </>
        )}
        {test && <span class="badge plain">test</span>}
      </span>
      <span class="what">
        <What event={event} />
      </span>
      <span class="routes">
        {deliveries.map((delivery) => <RouteBadge delivery={delivery} />)}
      </span>
    </li>
  );
}

function What({ event: { type, changes, data, seq } }: { event: EventItem }) {
  if (type === null) return <a href={eventPath(seq)}>not understood: see its body</a>;
  if (changes === null || changes.length === 0) {
    return (
      <>
        <a href={eventPath(seq)}>
          <T>{eventWords(type)}</T>
        </a>
        <span class="change small">
          {factsOf(data).map(([path, value]) => (
            <span>
              <span class="field">
                <T>{path}</T>
              </span>{" "}
              <Value value={value} whole={typeof value === "string"} />
            </span>
          ))}
        </span>
      </>
    );
  }
  return (
    <>
      {changes.slice(0, SHOWN_CHANGES).map((change) => (
        <span class="change">
          <span class="field" title={change.field}>
            <T>{changeWords(change as Change)}</T>
          </span>
          <Values change={change} />
        </span>
      ))}
      {changes.length > SHOWN_CHANGES && (
        <a class="small" href={eventPath(seq)}>{`and ${changes.length - SHOWN_CHANGES} more`}</a>
      )}
    </>
  );
}

/**
 * The first values of an event without changes, each with its path; the coin's own names are shown beside it. One that says
 * in words what it is about needs no more.
 */
function factsOf(data: unknown): [path: string, value: Json][] {
  const facts: [string, Json][] = [];
  const walk = (value: Json, path: string) => {
    if (facts.length >= SHOWN_CHANGES) return;
    if (typeof value !== "object" || value === null || Array.isArray(value)) facts.push([path, value]);
    else for (const [key, inner] of Object.entries(value)) walk(inner, path === "" ? key : `${path}.${key}`);
  };
  const { id: _, symbol: __, name: ___, summary, error, ...rest } = (data ?? {}) as JsonObject;
  if (typeof summary === "string") facts.push(["", summary]);
  else {
    if (typeof error === "string") facts.push(["error", error]); // what one looks for first
    walk(rest, "");
  }
  return facts.map((
    [path, value],
  ) => [path, typeof value === "string" ? value.slice(0, SHOWN_CHARS) : value]);
}

function Tiles({ overview, rate }: { overview: Overview; rate: Rate }) {
  return (
    <div class="tiles">
      <a class="tile" href="/sources">
        <div class="label">Last event</div>
        <div class="value" data-tile="last">
          {overview.lastEventAt === null ? "–" : <Time at={overview.lastEventAt} relative />}
        </div>
      </a>
      <a class="tile" href="/sources">
        <div class="label">In the last minute</div>
        <div class="value" data-tile="rate">{number(overview.perMinute)}</div>
      </a>
      <a class="tile" href="/deliveries?state=pending">
        <div class="label">Waiting</div>
        <div class="value" data-tile="waiting">{number(overview.waiting)}</div>
      </a>
      <a class="tile" href="/deliveries?state=dead">
        <div class="label">Dead letters</div>
        <div class={`value ${overview.dead > 0 ? "warn" : ""}`} data-tile="dead">{number(overview.dead)}</div>
      </a>
      <div
        class="tile chart"
        data-rate={JSON.stringify(rate)}
        role="img"
        aria-label="Events received in the last 15 minutes"
      >
        <div class="label">Received, last 15 min</div>
      </div>
    </div>
  );
}

/** In place of rows; `newest`: of the newest page. */
function NoneHere({ filtered, newest, more }: { filtered: boolean; newest: boolean; more: boolean }) {
  if (more) {
    return (
      <Empty title="Nothing found so far">
        <p>Older events have not been looked through yet: go on with “Older” below.</p>
      </Empty>
    );
  }
  if (!newest) return <Empty title="No more of them" />;
  return (
    <Empty title={filtered ? "No event matches" : "No events are stored"}>
      <p>
        {filtered
          ? "New ones appear here as they arrive. Widen the filter to see others."
          : "New ones appear here as they arrive."}
      </p>
      {filtered && <a class="button" href="/">Clear the filter</a>}
    </Empty>
  );
}

function NeverReceived({ url }: { url: string }) {
  return (
    <Empty title="Waiting for the first event">
      <p>
        In the provider's dashboard, set the webhook's URL to your public address, ending in{" "}
        <code>{new URL(url).pathname}</code>. It must reach this relay at <code>{url}</code>.
      </p>
      <p>Or try the whole way now:</p>
      <div class="row">
        <a class="button primary" href="/test">Send a test event</a>
        <a class="button" href="/sources">See what was refused</a>
      </div>
    </Empty>
  );
}
