/** `deno task replay`: has deliveries made again. @module */
import { nearOrAll } from "../config/suggest.ts";
import { given } from "../given.ts";
import { fieldPatternMistake } from "../pattern/field_pattern.ts";
import { createRouteTable } from "../route/table.ts";
import { type BesideRelay, besideRelay } from "./beside_relay.ts";
import { COMMON_HELP, EXIT, readArguments, UsageError, type Values } from "./command.ts";
import { confirmed } from "./confirm.ts";
import { byRoute, noCounts } from "./count_deliveries.ts";
import { planReplay, type ReplayChoice } from "./plan_replay.ts";
import { checkRoutes, waitingRoutes } from "./route_names.ts";
import { routesOf } from "./routes_now.ts";
import { counted, createProgress } from "./terminal.ts";
import { spanOf, TIME_HELP } from "./time_flag.ts";

export const name = "replay";

export const summary = "make deliveries again, chosen by event, route, source, coin, field or time";

export const help = `deno task replay [flags]

Has deliveries of stored events made again: each event's for each of its routes, or only those you choose. A replay is
never held for a duplicate, is marked as one, and has its own attempts. What still waits or runs is left out.

Which, all of which must hold
  --event ID           of the event of this id
  --source NAME        of this source
  --coin ID            of this coin
  --type TYPE          of this event type, such as cg.coin.listed
  --field PATTERN      about a change of such a field, such as "links.*"; may be given several times
  --route NAME         of this route; may be given several times. Other routes' actions are not repeated
  --since T --until T  of events received then. ${TIME_HELP}
  --dead               only dead letters that no replay has mended since
  --all                all there are

How
  --to ROUTE           to this route instead, for events that it takes (a new route, and last week's events)
  --dry-run            count only
  --yes                do it without asking; needed where nobody can be asked, unless --event names the one
${COMMON_HELP}

Examples
  deno task replay --event 0b5a7c1e-0000-4000-8000-000000000000 --route slack
  deno task replay --route email --since 2h --dry-run
  deno task replay --since 7d --to new-route --yes

Exit code: 0 done, 1 nothing fits or the arguments are wrong, 2 the store cannot be used now.`;

const FLAGS = {
  event: "text",
  source: "text",
  coin: "text",
  type: "text",
  field: "texts",
  route: "texts",
  since: "text",
  until: "text",
  dead: "switch",
  all: "switch",
  to: "text",
  "dry-run": "switch",
  yes: "switch",
} as const;

type Given = Values<typeof FLAGS & { json: "switch" }>;

export async function run(args: string[]): Promise<number> {
  const { values } = readArguments(args, FLAGS);
  const choice = choiceOf(values, Date.now());
  return await besideRelay(values, async (beside) => {
    await checkRoutes(beside, values.route ?? []);
    const to = values.to === undefined ? null : await targetRoute(beside, values.to);
    return await replay(beside, { ...choice, to }, values);
  });
}

function choiceOf(values: Given, now: number): Omit<ReplayChoice, "to"> {
  const { event, source, coin, type, field, route, dead = false, all } = values;
  const choice = given({
    eventId: event,
    source,
    coin,
    type,
    fields: field,
    routes: route,
    ...spanOf(values, now),
  });
  if (Object.keys(choice).length === 0 && !dead && !all) {
    throw new UsageError(
      "say which to make again, such as --event ID or --since 2h; --all means all there are",
    );
  }
  for (const pattern of field ?? []) {
    const mistake = fieldPatternMistake(pattern);
    if (mistake !== null) throw new UsageError(`--field ${JSON.stringify(pattern)} ${mistake}`);
  }
  return { ...choice, dead };
}

/** The route that `--to` names, with its plugin's own filters where the config has none. */
async function targetRoute(
  beside: BesideRelay,
  wanted: string,
): Promise<ReplayChoice["to"]> {
  const { inForce: routes } = await routesOf(beside);
  const route = routes.find(({ name }) => name === wanted);
  if (route === undefined) {
    const names = routes.map(({ name }) => name);
    throw new UsageError(
      `no route in force is called ${JSON.stringify(wanted)}: ${nearOrAll(wanted, names)}`,
    );
  }
  const table = createRouteTable([{ name: wanted, ...route.filters }]);
  return { route: wanted, match: (content) => table.match(content) };
}

async function replay(beside: BesideRelay, choice: ReplayChoice, values: Given): Promise<number> {
  const { store } = beside;
  const progress = createProgress();
  const plan = { deliveries: 0, events: 0, underway: 0, routes: noCounts() };
  for await (const { wishes, underway } of planReplay(store, choice)) {
    plan.underway += underway;
    plan.deliveries += wishes.length;
    plan.events += new Set(wishes.map(({ event }) => event)).size;
    for (const { route } of wishes) plan.routes[route] = (plan.routes[route] ?? 0) + 1;
    progress.show(`${plan.deliveries} counted`);
  }
  progress.clear();
  const { deliveries, events, routes, underway } = plan;
  const all = `${counted(deliveries, "delivery", "deliveries")} of ${counted(events, "event")}`;
  if (!values.json) {
    console.log(deliveries === 0 ? "Nothing fits." : `${all}: ${byRoute(routes)}`);
    if (underway > 0) console.log(`${underway} more wait or run already, and are left out.`);
  }
  if (deliveries === 0 || values["dry-run"]) {
    if (values.json) console.log(JSON.stringify({ replayed: 0, ...plan }));
    return deliveries === 0 ? EXIT.yourInput : EXIT.done;
  }
  if (values.event === undefined && !confirmed(`Make ${all} again?`, values.yes)) return EXIT.yourInput;

  let replayed = 0;
  for await (const { wishes } of planReplay(store, choice)) {
    if (wishes.length > 0) replayed += (await store.replay(wishes, Date.now())).length;
    progress.show(`${replayed} of ${deliveries}`);
  }
  progress.clear();
  if (values.json) console.log(JSON.stringify({ replayed, ...plan }));
  else {
    console.log(`${replayed} to be made again: a running relay begins at once.`);
    waitingRoutes(beside, Object.keys(routes)).forEach((line) => console.log(line));
  }
  return EXIT.done;
}
