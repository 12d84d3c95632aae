/** Deliveries and dead letters: where they stand, and what can be done about it. @module */
import { DELIVERY_STATES, type DeliveryState } from "../../nouns.ts";
import type { BulkJob, DeliveryItem, Page as Rows, RouteItem } from "../api/shapes.ts";
import { eventPath } from "./event.tsx";
import { Empty, type Frame, Page } from "./layout.tsx";
import { number, plain, T, Time } from "./text.tsx";

const TONE: Record<DeliveryState, string> = { pending: "", running: "busy", done: "good", dead: "bad" };
const WORD: Record<DeliveryState, string> = {
  pending: "waiting",
  running: "running",
  done: "done",
  dead: "dead letter",
};

/** Where a delivery stands. */
export function StateBadge(
  { state, attempts, discarded }: { state: DeliveryState; attempts?: number; discarded?: boolean },
) {
  const retrying = state === "pending" && (attempts ?? 0) > 0;
  return (
    <span class={`badge ${discarded ? "" : retrying ? "warn" : TONE[state]}`}>
      {discarded ? "discarded" : retrying ? "will retry" : WORD[state]}
    </span>
  );
}

/** A route's delivery in a listing of events. The script of the live page keeps it true. */
export function RouteBadge(
  { delivery }: {
    delivery: { id: number; route: string; state: DeliveryState; attempts: number; discarded: boolean };
  },
) {
  const { id, route, state, attempts, discarded } = delivery;
  const tone = discarded ? "" : state === "pending" && attempts > 0 ? "warn" : TONE[state];
  return (
    <a
      class={`badge ${tone}`}
      href={`/deliveries/${id}`}
      data-delivery={id}
      title={discarded ? "discarded" : WORD[state]}
    >
      {route}
      <span class="vh">{WORD[state]}</span>
    </a>
  );
}

/** What the listing is narrowed by, as the address has it. */
export type DeliveryFilters = Record<
  "state" | "route" | "coin" | "event" | "source" | "since" | "until",
  string
>;

/** The page. */
export function Deliveries({ frame, rows, routes, filters, search, preview, now }: {
  frame: Frame;
  rows: Rows<DeliveryItem>;
  routes: RouteItem[];
  filters: Partial<DeliveryFilters>;
  /** The address's query without the cursor. */
  search: URLSearchParams;
  /** How many dead letters the filters take. */
  preview: { count: number; exact: boolean };
  now: number;
}) {
  const mayWrite = frame.role === "full";
  const someDead = rows.items.some(({ state, discarded }) => state === "dead" && !discarded);
  const filtered = Object.values(filters).some((value) => value);
  return (
    <Page title="Deliveries" at="/deliveries" frame={frame}>
      <div class="head">
        <h1 class="grow">Deliveries</h1>
      </div>
      <Counts routes={routes} now={now} />
      <section class="card" aria-label="Deliveries" data-watch>
        <form class="filters" data-auto>
          <label>
            State
            <select name="state">
              <option value="">any</option>
              {DELIVERY_STATES.map((state) => (
                <option value={state} selected={filters.state === state}>{WORD[state]}</option>
              ))}
            </select>
          </label>
          <label>
            Route
            <select name="route">
              <option value="">any</option>
              {withOwn(routes.map(({ name }) => name), filters.route).map((name) => (
                <option value={name} selected={filters.route === name}>{plain(name)}</option>
              ))}
            </select>
          </label>
          <label>
            Coin id<input name="coin" value={filters.coin ?? ""} autocomplete="off" />
          </label>
          <label>
            Event id<input name="event" value={filters.event ?? ""} autocomplete="off" />
          </label>
          <div class="row">
            <button>Filter</button>
            {filtered && <a class="button quiet" href="/deliveries">Clear</a>}
          </div>
        </form>
        {rows.items.length === 0 ? <None filtered={filtered} /> : (
          <form method="post" action="/dead-letters">
            <div class="scroll">
              <table>
                <thead>
                  <tr>
                    {mayWrite && someDead && (
                      <th>
                        <input
                          type="checkbox"
                          data-all="id"
                          aria-label="Choose every dead letter on this page"
                        />
                      </th>
                    )}
                    <th>State</th>
                    <th>Route</th>
                    <th>Coin</th>
                    <th>Event</th>
                    <th class="num">Attempts</th>
                    <th>When</th>
                    <th>Last error</th>
                  </tr>
                </thead>
                <tbody>
                  {rows.items.map((delivery) => <Row delivery={delivery} choose={mayWrite && someDead} />)}
                </tbody>
              </table>
            </div>
            {mayWrite && someDead && (
              <div class="pager">
                <div class="row">
                  <span class="soft">Chosen:</span>
                  <button name="do" value="retry-chosen">Retry</button>
                  <button
                    name="do"
                    value="discard-chosen"
                    class="danger"
                    data-confirm="Discard the chosen dead letters?"
                  >
                    Discard
                  </button>
                </div>
                <div class="row">
                  <input type="hidden" name="search" value={search.toString()} />
                  <button name="do" value="retry-all">
                    {`Retry all ${atLeast(preview)} dead letters${filtered ? " that match" : ""}…`}
                  </button>
                  <button name="do" value="discard-all" class="danger">
                    {`Discard all ${atLeast(preview)}…`}
                  </button>
                </div>
              </div>
            )}
          </form>
        )}
        <Pager path="/deliveries" search={search} next={rows.next} />
      </section>
    </Page>
  );
}

/** Newest and older rows. */
export function Pager({ path, search, next, name = "cursor" }: {
  path: string;
  search: URLSearchParams;
  next: string | null;
  name?: string;
}) {
  const older = new URLSearchParams(search);
  if (next !== null) older.set(name, next);
  const newest = new URLSearchParams(search);
  newest.delete(name);
  const first = !search.has(name);
  if (first && next === null) return null;
  return (
    <nav class="pager" aria-label="Pages of this list">
      {first ? <span /> : <a class="button" href={`${path}?${newest}`}>Newest</a>}
      {next === null
        ? <span class="soft">That was all.</span>
        : <a class="button" href={`${path}?${older}`}>Older</a>}
    </nav>
  );
}

function Row({ delivery, choose }: { delivery: DeliveryItem; choose: boolean }) {
  const { id, route, state, attempts, discarded, event, error, createdAt, dueAt, replayOf } = delivery;
  const waits = state === "pending";
  return (
    <tr data-delivery={id}>
      {choose && (
        <td>
          {state === "dead" && !discarded && (
            <input type="checkbox" name="id" value={String(id)} aria-label={`Choose delivery ${id}`} />
          )}
        </td>
      )}
      <td>
        <a href={`/deliveries/${id}`}>
          <span class="vh">{`Delivery ${id},`}</span>{" "}
          <StateBadge state={state} attempts={attempts} discarded={discarded} />
        </a>
      </td>
      <td>
        <a href={`/plugins#route-${route}`}>{route}</a>
        {replayOf !== null && <div class="soft small">replay</div>}
      </td>
      <td>
        {event.coin === null
          ? <span class="soft">–</span>
          : (
            <a class="cut" href={coinPath(event.coin)} title={event.coin}>
              <T>{event.coin}</T>
            </a>
          )}
      </td>
      <td class="mono">
        <a class="cut" href={eventPath(event.seq)} title={event.id}>
          <T>{event.id}</T>
        </a>
      </td>
      <td class="num">{attempts}</td>
      <td class="nowrap">
        {waits && attempts > 0
          ? (
            <>
              next <Time at={dueAt} relative />
            </>
          )
          : <Time at={createdAt} />}
      </td>
      <td class="small">
        <T>{error === null ? "" : error.slice(0, 300)}</T>
      </td>
    </tr>
  );
}

function Counts({ routes, now }: { routes: RouteItem[]; now: number }) {
  if (routes.length === 0) return null;
  const link = (route: string, state: DeliveryState, count: number | undefined) =>
    count
      ? <a href={`/deliveries?${new URLSearchParams({ state, route })}`}>{number(count)}</a>
      : <span class="soft">0</span>;
  return (
    <section class="card" aria-label="By route">
      <div class="scroll" tabindex={0} role="region" aria-label="Deliveries by route and state">
        <table>
          <thead>
            <tr>
              <th>Route</th>
              <th class="num">Waiting</th>
              <th class="num">Running</th>
              <th class="num">Done</th>
              <th class="num">Dead letters</th>
              <th>Oldest waiting</th>
            </tr>
          </thead>
          <tbody>
            {routes.map(({ name, on, counts, oldestWaitingAt, scheduled }) => {
              const late = !scheduled && oldestWaitingAt !== null &&
                now - Date.parse(oldestWaitingAt) > 10 * 60_000;
              return (
                <tr>
                  <td>
                    <a href={`/plugins#route-${name}`}>{name}</a> {!on && <span class="badge warn">off</span>}
                  </td>
                  <td class="num">{link(name, "pending", counts.pending)}</td>
                  <td class="num">{link(name, "running", counts.running)}</td>
                  <td class="num">{link(name, "done", counts.done)}</td>
                  <td class="num">{link(name, "dead", counts.dead)}</td>
                  <td>
                    <Time at={oldestWaitingAt} relative /> {late && <span class="badge warn">late</span>}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function None({ filtered }: { filtered: boolean }) {
  return filtered
    ? (
      <Empty title="No delivery matches">
        <p>
          Widen the filter, or look at <a href="/deliveries">all deliveries</a>.
        </p>
      </Empty>
    )
    : (
      <Empty title="No deliveries yet">
        <p>
          A delivery is made for each route that takes an event. Add a route to config.json, then send a test
          event.
        </p>
        <div class="row">
          <a class="button primary" href="/test">Send a test event</a>
          <a class="button" href="/plugins">See the routes</a>
        </div>
      </Empty>
    );
}

/** Asks back before many dead letters are touched. */
export function BulkPreview({ frame, action, preview, filters, search }: {
  frame: Frame;
  action: BulkJob["action"];
  preview: { count: number; exact: boolean };
  filters: Partial<DeliveryFilters>;
  search: URLSearchParams;
}) {
  const word = action === "retry" ? "Retry" : "Discard";
  const narrowed = Object.entries(filters).filter(([name, value]) => value && name !== "state");
  return (
    <Page title={`${word} dead letters`} at="/deliveries" frame={frame}>
      <section class="card">
        <header>
          <h1>{`${word} ${atLeast(preview)} dead letters?`}</h1>
        </header>
        <div class="body stack">
          {narrowed.length > 0
            ? (
              <dl class="facts">
                {narrowed.map(([name, value]) => (
                  <>
                    <dt>{name}</dt>
                    <dd class="mono">
                      <T>{value}</T>
                    </dd>
                  </>
                ))}
              </dl>
            )
            : <p>These are the dead letters of every route.</p>}
          <p class="soft">
            {action === "retry"
              ? "Each is tried again now, with its attempts starting afresh. Receivers see the same idempotency key."
              : "They count as dealt with. Their events stay, and each can still be retried from its event's page."}
          </p>
          <form method="post" action="/dead-letters" class="row">
            <input type="hidden" name="search" value={search.toString()} />
            <button
              class={action === "retry" ? "primary" : "danger"}
              name="do"
              value={`${action}-all-now`}
              disabled={preview.count === 0}
            >
              {`${word} ${atLeast(preview)}`}
            </button>
            <a class="button" href={`/deliveries?${search}`}>Cancel</a>
          </form>
        </div>
      </section>
    </Page>
  );
}

/** How far work on many is. */
export function JobPage({ frame, job }: { frame: Frame; job: BulkJob }) {
  const word = job.action === "retry" ? "Retrying" : "Discarding";
  return (
    <Page title={`${word} dead letters`} at="/deliveries" frame={frame} scripts={["job.js"]}>
      <section class="card">
        <header>
          <h1>{`${word} dead letters`}</h1>
        </header>
        <div class="body stack" data-job={job.id}>
          <progress max={String(Math.max(job.total, 1))} value={String(job.done)} aria-label="Progress">
          </progress>
          <p role="status">
            <span data-done>{number(job.done)}</span> of <span data-total>{number(job.total)}</span> ·{" "}
            <span data-state>{job.state}</span>
          </p>
          {job.error && (
            <p class="notice bad">
              <T>{job.error}</T>
            </p>
          )}
          <p>
            <a class="button" href="/deliveries">To the deliveries</a>
          </p>
        </div>
      </section>
    </Page>
  );
}

/** Path of a coin's page. */
export function coinPath(id: string): string {
  return `/coins/${encodeURIComponent(id)}`;
}

function atLeast({ count, exact }: { count: number; exact: boolean }): string {
  return exact ? number(count) : `${number(count)}+`;
}

/** A value that is no longer among the choices stays choosable while it is chosen. */
export function withOwn(names: string[], chosen: string | undefined): string[] {
  return !chosen || names.includes(chosen) ? names : [...names, chosen];
}
