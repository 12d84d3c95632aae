/** `deno task dead-letters`: looks at deliveries that failed for good, and decides what becomes of them. @module */
import { deliveryItem, deliveryWhole, eventWhole } from "../admin/read/views.ts";
import { nearOrAll } from "../config/suggest.ts";
import { given } from "../given.ts";
import type { Delivery } from "../nouns.ts";
import type { DeliveryFilter } from "../store/contract.ts";
import { type BesideRelay, besideRelay } from "./beside_relay.ts";
import { COMMON_HELP, EXIT, readArguments, UsageError, type Values, wholeNumberOf } from "./command.ts";
import { confirmed } from "./confirm.ts";
import { byRoute, countDeliveries } from "./count_deliveries.ts";
import { checkRoutes, waitingRoutes } from "./route_names.ts";
import { leftRoutes } from "./routes_now.ts";
import { counted, harmless, paint, table } from "./terminal.ts";
import { spanOf, TIME_HELP } from "./time_flag.ts";

export const name = "dead-letters";

export const summary = "list, show, retry and discard deliveries that failed for good";

export const help = `deno task dead-letters [list] [filters]
deno task dead-letters show ID
deno task dead-letters retry ID… | filters | --all
deno task dead-letters discard ID… | filters | --all
deno task dead-letters discard --waiting ID… | filters | --all

A dead letter is a delivery that ran out of attempts, or that no retry would mend. It is kept until somebody decides.
So is what waits for a route that is not in force, since config.json or the plugins folder no longer has it, or has it
disabled: it is delivered should the route come back.

  list                 the newest ones, and how many each route has
  show ID              one with all its attempts and the raw event
  retry                make them due now, with their attempts from the start; a running relay begins at once
  discard              take them out of sight; \`retry ID\` still brings one back

Filters, all of which must hold
  --route NAME         of this route; may be given several times
  --source NAME        of this source
  --coin ID            of this coin
  --event ID           of the event of this id
  --since T --until T  of events received then. ${TIME_HELP}
  --all                all dead letters

  --waiting            in place of dead letters, what waits for routes that are not in force; for list and discard
  --limit N            list so many (default: 20)
  --yes                do it without asking; needed where nobody can be asked
${COMMON_HELP}

Exit code: 0 done (with --all also when there are none), 1 nothing fits or the arguments are wrong,
2 the store cannot be used now.`;

const FLAGS = {
  route: "texts",
  source: "text",
  coin: "text",
  event: "text",
  since: "text",
  until: "text",
  all: "switch",
  waiting: "switch",
  limit: "text",
  yes: "switch",
} as const;

type Given = Values<typeof FLAGS & { json: "switch" }>;

const ACTIONS = ["list", "show", "retry", "discard"];
const LISTED = 20;
const ERROR_CHARS = 80;

export async function run(args: string[]): Promise<number> {
  const { values, words: [action = "list", ...rest] } = readArguments(args, FLAGS, 10_000);
  if (!ACTIONS.includes(action)) {
    throw new UsageError(`unknown action ${JSON.stringify(action)}: ${nearOrAll(action, ACTIONS)}`);
  }
  const ids = rest.map(idOf);
  const bringsBack = action === "retry" && ids.length > 0; // a discarded one too, when it is named
  const filter = { ...filterOf(values, ids, Date.now()), ...(bringsBack && { discarded: true }) };
  if (action === "list" && ids.length > 0) throw new UsageError("list takes filters; `show` takes an id");
  if (action === "show" && ids.length !== 1) throw new UsageError("show takes one id, as `list` shows them");
  if (action === "retry" || action === "discard") checkChoice(action, values, filter);
  if (values.waiting && (action === "show" || action === "retry")) {
    throw new UsageError(
      `--waiting is for list and discard: what waits is delivered once its route is in force`,
    );
  }
  return await besideRelay(values, async (beside) => {
    await checkRoutes(beside, values.route ?? []);
    if (action === "show") return await show(beside, ids[0]!, values.json === true);
    const chosen = values.waiting ? await thatWait(beside, filter) : filter;
    if (action === "list") return await list(beside, chosen, values);
    return await decide(beside, action === "retry" ? "retry" : "discard", chosen, values);
  });
}

/** The filter, for what waits for routes that are not in force. */
async function thatWait(beside: BesideRelay, filter: DeliveryFilter): Promise<DeliveryFilter> {
  return { ...filter, states: ["pending"], routes: await leftRoutes(beside, filter.routes) };
}

function filterOf(values: Given, ids: number[], now: number): DeliveryFilter {
  const { route, source, coin, event } = values;
  return given({
    states: ["dead"] as const,
    ids: ids.length === 0 ? undefined : ids,
    routes: route,
    source,
    coin,
    eventId: event,
    ...spanOf(values, now),
  });
}

/** Everything must be asked for; a forgotten filter must not mean all. */
function checkChoice(
  action: string,
  { all }: Given,
  { states: _, discarded: __, ids, ...filters }: DeliveryFilter,
) {
  const narrowed = Object.keys(filters).length > 0;
  const ways = [ids !== undefined, narrowed, all === true].filter(Boolean).length;
  if (ways === 0) throw new UsageError(`say which to ${action}: ids, filters, or --all`);
  if (ways > 1) throw new UsageError("ids, filters and --all exclude each other");
}

function idOf(text: string): number {
  const [, id] = /^#?(\d{1,15})$/.exec(text) ?? [];
  if (id === undefined) throw new UsageError(`${JSON.stringify(text)} is no id: \`list\` shows them`);
  return Number(id);
}

async function list({ store, mask }: BesideRelay, filter: DeliveryFilter, values: Given): Promise<number> {
  const limit = values.limit === undefined ? LISTED : wholeNumberOf("--limit", values.limit);
  const { count, routes } = await countDeliveries(store, filter);
  const items = await Promise.all(
    (await store.deliveries(filter, { limit })).map(async (delivery) =>
      deliveryItem(delivery, await store.event({ seq: delivery.event }), mask)
    ),
  );
  if (values.json) {
    console.log(JSON.stringify({ count, routes, deadLetters: items }));
    return EXIT.done;
  }
  if (count === 0) {
    console.log(values.waiting ? "Nothing waits for a route that is not in force." : "No dead letters.");
    return EXIT.done;
  }
  const rows = items.map(({ id, createdAt, finishedAt, route, attempts, event, error }) => [
    String(id),
    (finishedAt ?? createdAt).slice(0, 19).replace("T", " "),
    route,
    harmless(event.coin ?? ""),
    counted(attempts, "attempt"),
    shorten(harmless(error ?? "")),
  ]);
  const when = values.waiting ? "WAITS SINCE (UTC)" : "DIED (UTC)";
  console.log(table([["ID", when, "ROUTE", "COIN", "TRIED", "ERROR"], ...rows]));
  console.log(
    `\n${those(count, values)}: ${byRoute(routes)}${
      count > items.length ? `; the newest ${items.length} are shown` : ""
    }`,
  );
  const next = values.waiting ? "`… discard --waiting` gives it up" : "`… retry ID` tries it again";
  console.log(paint.dim(`\`deno task dead-letters show ID\` tells all of one, ${next}.`));
  return EXIT.done;
}

async function show({ store, mask, config }: BesideRelay, id: number, json: boolean): Promise<number> {
  const delivery = await store.delivery(id);
  const event = delivery && await store.event({ seq: delivery.event });
  if (delivery === null || event === null) {
    console.error(`There is no delivery ${id}: \`deno task dead-letters\` lists the dead ones.`);
    return EXIT.yourInput;
  }
  const whole = deliveryWhole(delivery, event, await store.attempts(id), mask);
  const source = config.sources.find((one) => one.name === event.source);
  const of = eventWhole(event, [whole], source);
  if (json) {
    console.log(JSON.stringify(of));
    return EXIT.done;
  }
  console.log(`delivery ${id}: ${stateOf(delivery)}, route ${delivery.route}`);
  console.log(table([
    ["event", harmless(`${event.id} from ${event.source}, ${event.type ?? "not understood"}`)],
    ["received", of.receivedAt],
    ...(event.coin === null ? [] : [["coin", harmless(event.coin)]]),
    ...(delivery.replayOf === null ? [] : [["replay of", String(delivery.replayOf)]]),
    ["signed", `${event.timestamp || "not"} ${event.signature}`.trim()],
  ].map(([key, value]) => [`  ${key}`, value!])));
  console.log("attempts");
  console.log(table(whole.tries.flatMap(({ number, startedAt, durationMs, outcome, error, sent }) => [
    [
      `  ${number}`,
      startedAt.slice(0, 23).replace("T", " "),
      durationMs === null ? "" : `${Math.round(durationMs)} ms`,
      outcome,
      harmless(error ?? ""),
    ],
    ...sent.map((
      { what, status },
    ) => ["", "", "", "sent", harmless(status === null ? what : `${what} → ${status}`)]),
  ])));
  console.log(`raw event (${event.body.byteLength} bytes)`);
  console.log(harmless(of.body));
  return EXIT.done;
}

async function decide(
  beside: BesideRelay,
  action: "retry" | "discard",
  filter: DeliveryFilter,
  values: Given,
): Promise<number> {
  const { yes, json, all, waiting } = values;
  const { store } = beside;
  const { count, routes } = await countDeliveries(store, filter);
  if (count === 0) {
    if (json) console.log(JSON.stringify({ action, count: 0 }));
    else if (waiting) console.error("Nothing of that waits for a route that is not in force.");
    else console.error(filter.ids ? "None of these is a dead letter." : "No dead letter fits.");
    return all ? EXIT.done : EXIT.yourInput;
  }
  if (!json) console.log(`${those(count, values)}: ${byRoute(routes)}`);
  const named = filter.ids !== undefined;
  if (!named && !confirmed(`${action === "retry" ? "Retry" : "Discard"} ${those(count, values)}?`, yes)) {
    return EXIT.yourInput;
  }
  const changed = await store[action](filter, Date.now());
  if (json) console.log(JSON.stringify({ action, count: changed }));
  else {
    console.log(
      action === "retry" ? `${changed} due now: a running relay begins at once.` : `${changed} discarded.`,
    );
    if (action === "retry") waitingRoutes(beside, Object.keys(routes)).forEach((line) => console.log(line));
  }
  return EXIT.done;
}

function stateOf({ state, discarded }: Delivery): string {
  return discarded ? "dead letter, discarded" : state === "dead" ? "dead letter" : state;
}

function those(count: number, { waiting }: Given): string {
  if (!waiting) return counted(count, "dead letter");
  const one = count === 1;
  return `${count} ${one ? "delivery that waits" : "deliveries that wait"} for what is not in force`;
}

function shorten(text: string): string {
  const line = text.replace(/\s+/g, " ");
  return line.length > ERROR_CHARS ? `${line.slice(0, ERROR_CHARS)}…` : line;
}
