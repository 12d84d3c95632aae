/** Deliveries and dead letters: where they stand, and what can be done about it. @module */
import { DELIVERY_STATES, type DeliveryState } from "../../nouns.ts";
import type { DeliveryItem, Page as Rows, RouteItem } from "../api/shapes.ts";
import type { noneOf } from "../read/find_deliveries.ts";
import { type Held, heldBy, type LeftBehind } from "../read/routes.ts";
import { Empty, type Frame, Page } from "./layout.tsx";
import {
  Choice,
  coinPath,
  eventPath,
  Pager,
  StateBadge,
  stateWord,
  Table,
  WaitsForRoute,
} from "./pieces.tsx";
import { number, plain, T, Time } from "./text.tsx";

/** What the listing is narrowed by, as the address has it. */
export type DeliveryFilters = Record<
  "state" | "route" | "coin" | "event" | "source" | "since" | "until",
  string
>;

/** Those that the form has fields for; others (a link made them) it keeps as they are. */
const FIELDS = ["state", "route", "coin", "event"];

/** The page. */
export function Deliveries({ frame, rows, routes, left, filters, none, search, dead, now }: {
  frame: Frame;
  rows: Rows<DeliveryItem>;
  routes: RouteItem[];
  /** What is left of routes that are not in force. */
  left: LeftBehind[];
  filters: Partial<DeliveryFilters>;
  /** Of a filter that finds nothing: what there is none of. */
  none: ReturnType<typeof noneOf>;
  /** The address's query. */
  search: URLSearchParams;
  /** How many dead letters the filters take; null where only counting would tell. */
  dead: number | null;
  now: number;
}) {
  const mayWrite = frame.role === "full";
  /** Whether there are dead letters to choose from. */
  const choose = mayWrite && rows.items.some(({ state, discarded }) => state === "dead" && !discarded);
  const place = rows.next !== null ? "before more" : search.has("cursor") ? "at the end" : "alone";
  const filtered = Object.values(filters).some((value) => value);
  const names = [...routes.map(({ name }) => name), ...left.map(({ route }) => route)];
  const abandoned = left.filter(({ route, waiting }) =>
    waiting > 0 && (!filters.route || filters.route.split(",").includes(route))
  );
  return (
    <Page title="Deliveries" at="/deliveries" frame={frame}>
      <div class="head">
        <h1 class="grow">Deliveries</h1>
      </div>
      <Counts routes={routes} left={left} now={now} />
      <section class="card" aria-label="Deliveries" data-watch>
        <form class="filters" data-auto>
          <Choice
            label="State"
            name="state"
            values={DELIVERY_STATES}
            chosen={filters.state}
            word={stateWord}
          />
          <Choice label="Route" name="route" values={names} chosen={filters.route} />
          <label>
            Coin id<input name="coin" value={filters.coin ?? ""} autocomplete="off" />
          </label>
          <label>
            Event id<input name="event" value={filters.event ?? ""} autocomplete="off" />
          </label>
          {Object.entries(filters).filter(([name]) => !FIELDS.includes(name)).map(([name, value]) => (
            <input type="hidden" name={name} value={value} />
          ))}
          <div class="row">
            <button>Filter</button>
            {filtered && <a class="button quiet" href="/deliveries">Clear</a>}
          </div>
        </form>
        {rows.items.length === 0
          ? <None filters={filters} none={none} routed={routes.length > 0} place={place} />
          : (
            <form method="post" action="/dead-letters">
              <Table
                label="Table of deliveries"
                class="cards"
                columns={[
                  ...choose ? [[<ChooseAll />]] as const : [],
                  ["State"],
                  ["Route"],
                  ["Coin"],
                  ["Event"],
                  ["Attempts", "num"],
                  ["When"],
                  ["Last error"],
                ]}
              >
                {rows.items.map((delivery) => (
                  <Row delivery={delivery} held={heldBy(routes, delivery.route)} choose={choose} />
                ))}
              </Table>
              {choose && (
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
                      {`Retry all ${dead === null ? "" : `${number(dead)} dead letters `}${
                        filtered ? "that match" : ""
                      }…`}
                    </button>
                    <button name="do" value="discard-all" class="danger">
                      {`Discard all${dead === null ? " that match" : ` ${number(dead)}`}…`}
                    </button>
                  </div>
                </div>
              )}
            </form>
          )}
        {mayWrite && filters.state === "pending" && abandoned.length > 0 && (
          <form method="post" action="/dead-letters" class="pager">
            <input type="hidden" name="search" value={search.toString()} />
            <span class="soft">
              What waits for a route that is not in force is delivered once it is again.
            </span>
            <button name="do" value="discard-waiting" class="danger">
              {`Discard what waits for ${abandoned.length === 1 ? abandoned[0]!.route : "such routes"}…`}
            </button>
          </form>
        )}
        <Pager path="/deliveries" search={search} next={rows.next} />
      </section>
    </Page>
  );
}

function ChooseAll() {
  return <input type="checkbox" data-all="id" aria-label="Choose every dead letter on this page" />;
}

function Row({ delivery, held, choose }: { delivery: DeliveryItem; held: Held | null; choose: boolean }) {
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
          <span class="vh">{`Delivery ${id},`}</span> <StateBadge delivery={delivery} held={held} />
        </a>
      </td>
      <td>
        <a class="cut" href={`/plugins#route-${route}`} title={route}>{route}</a>
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
      <td class="num" data-unit={attempts === 1 ? "attempt" : "attempts"}>{attempts}</td>
      <td>
        <span class="nowrap">
          {waits && attempts > 0 && held === null
            ? (
              <>
                due <Time at={dueAt} relative />
              </>
            )
            : <Time at={createdAt} />}
        </span>
        {waits && held !== null && (
          <div class="soft small">
            <WaitsForRoute held={held} />
          </div>
        )}
      </td>
      <td class="small">
        <T>{error === null ? "" : error.slice(0, 300)}</T>
      </td>
    </tr>
  );
}

function Counts({ routes, left, now }: { routes: RouteItem[]; left: LeftBehind[]; now: number }) {
  if (routes.length + left.length === 0) return null;
  const link = (route: string, state: DeliveryState, count: number | undefined) =>
    count
      ? <a href={`/deliveries?${new URLSearchParams({ state, route })}`}>{number(count)}</a>
      : <span class="soft">0</span>;
  return (
    <section class="card" aria-label="By route">
      <Table
        label="Deliveries by route and state"
        columns={[
          ["Route"],
          ["Waiting", "num"],
          ["Dead letters", "num"],
          ["Oldest waiting"],
          ["Running", "num"],
          ["Done", "num"],
        ]}
      >
        {routes.map(({ name, counts, oldestWaitingAt, scheduled }) => {
          const held = heldBy(routes, name);
          const late = !scheduled && oldestWaitingAt !== null &&
            now - Date.parse(oldestWaitingAt) > 10 * 60_000;
          return (
            <tr>
              <td>
                <div class="row">
                  <a href={`/plugins#route-${name}`}>{name}</a>
                  <HeldBadge held={held} />
                </div>
              </td>
              <td class="num">{link(name, "pending", counts.pending)}</td>
              <td class="num">{link(name, "dead", counts.dead)}</td>
              <td>
                <Time at={oldestWaitingAt} relative /> {late && <span class="badge warn">late</span>}
              </td>
              <td class="num">{link(name, "running", counts.running)}</td>
              <td class="num">{link(name, "done", counts.done)}</td>
            </tr>
          );
        })}
        {left.map(({ route, waiting, running, done, dead }) => (
          <tr>
            <td>
              <div class="row">
                <span>{route}</span>
                <HeldBadge held={heldBy(routes, route)} />
              </div>
            </td>
            <td class="num">{link(route, "pending", waiting)}</td>
            <td class="num">{link(route, "dead", dead)}</td>
            <td></td>
            <td class="num">{link(route, "running", running)}</td>
            <td class="num">{link(route, "done", done)}</td>
          </tr>
        ))}
      </Table>
    </section>
  );
}

function HeldBadge({ held }: { held: Held | null }) {
  return held && <span class={`badge ${held === "cannot run" ? "bad" : "warn"}`}>{held}</span>;
}

/** In place of a table without rows; `place`: of what would be the page. */
function None({ filters, none, routed, place }: {
  filters: Partial<DeliveryFilters>;
  none: ReturnType<typeof noneOf>;
  /** Whether a route is in force. */
  routed: boolean;
  place: "before more" | "at the end" | "alone";
}) {
  const { state, route } = filters;
  const what = state === "dead"
    ? "dead letters"
    : state
    ? `deliveries that are ${stateWord(state)}`
    : "deliveries";
  if (place === "before more") {
    return (
      <Empty title="Nothing found so far">
        <p>Older deliveries have not been looked through yet: go on with “Older” below.</p>
      </Empty>
    );
  }
  if (place === "at the end") return <Empty title="No more of them" />;
  if (none === null) {
    return (
      <Empty title="No delivery matches">
        <p>
          Widen the filter, or look at <a href="/deliveries">all deliveries</a>.
        </p>
      </Empty>
    );
  }
  if (Object.values(filters).some((value) => value)) {
    return (
      <Empty
        title={none === "at all"
          ? `No ${what}`
          : `No ${what} for ${plain(route ?? "").replaceAll(",", ", ")}`}
      >
        <p>
          {state === "dead" && "Nothing that failed for good is left to deal with. "}
          <a href="/deliveries">See all deliveries</a>
        </p>
      </Empty>
    );
  }
  return (
    <Empty title="No deliveries yet">
      <p>
        {routed
          ? "A delivery is made for each route that takes an event, and none has taken one yet."
          : "A delivery is made for each route that takes an event. Add a route to config.json, then send a test event."}
      </p>
      <div class="row">
        <a class="button primary" href="/test">Send a test event</a>
        <a class="button" href="/plugins">See the routes</a>
      </div>
    </Empty>
  );
}
