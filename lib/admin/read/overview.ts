/** How the relay is, at a glance: what a person must know first. @module */
import type { Overview, PluginItem, RouteItem } from "../api/shapes.ts";
import type { LeftBehind } from "./routes.ts";
import { needsYou, REFUSED_FOR, type SourceNow } from "./sources.ts";
import { iso } from "./views.ts";

/** A delivery that waits longer than this is worth a word. */
const LATE_MS = 10 * 60_000;

/** What the judgement rests on. */
export interface OverviewFacts {
  now: number;
  sources: readonly SourceNow[];
  routes: readonly RouteItem[];
  left: readonly LeftBehind[];
  plugins: readonly PluginItem[];
  /** Why config.json as it was saved last is not in force, its secrets masked; null: it is. */
  refusedConfig: string | null;
  /** What keeps the store from taking anything, its secrets masked; null: nothing. */
  store: string | null;
  perMinute: number;
}

/** Judges. Pure. */
export function overviewOf(facts: OverviewFacts): Overview {
  const { now, sources, routes, left, plugins, refusedConfig, store, perMinute } = facts;
  const dead = sumOf(routes, ({ counts }) => counts.dead ?? 0) + sumOf(left, ({ dead }) => dead);
  const problems = [
    ...problemsOfStore(store),
    ...sources.flatMap(problemsOfSource),
    ...problemsOfConfig(refusedConfig),
    ...plugins.flatMap(problemsOfPlugin),
    ...problemsOfDead(dead),
    ...problemsOfRoutes(routes, now),
    ...problemsOfLeft(left.filter(({ waiting }) => waiting > 0)),
  ].sort((a, b) => Number(b.level === "bad") - Number(a.level === "bad"));
  const times = (values: readonly (string | null)[]) => values.filter((value) => value !== null).sort();
  return {
    at: iso(now),
    health: problems.some(({ level }) => level === "bad") ? "bad" : problems.length > 0 ? "warning" : "good",
    problems,
    lastEventAt: times(sources.map(({ lastEventAt }) => lastEventAt)).at(-1) ?? null,
    perMinute,
    waiting: sumOf(routes, ({ counts }) => counts.pending ?? 0) + sumOf(left, ({ waiting }) => waiting),
    running: sumOf(routes, ({ running }) => running),
    dead,
    oldestWaitingAt: times(routes.map(({ oldestWaitingAt }) => oldestWaitingAt))[0] ?? null,
  };
}

type Problem = Overview["problems"][number];

function problemsOfStore(said: string | null): Problem[] {
  if (said === null) return [];
  const text = `the store takes nothing, and senders are answered 503: ${firstLine(said)}`;
  return [{ level: "bad", text, page: "/sources" }];
}

/** Bad, though all goes on: a restart, for whatever reason, would end it. */
function problemsOfConfig(refused: string | null): Problem[] {
  if (refused === null) return [];
  const text = `the config that was saved last is not in force, and a restart would fail: ${
    firstLine(refused)
  }`;
  return [{ level: "bad", text, page: "/config" }];
}

function problemsOfSource({ name, failing, silent, lastEventAt }: SourceNow): Problem[] {
  const page = `/sources#${name}`;
  const problems: Problem[] = [];
  // Strangers knock on every door: what is neither rightly signed nor names an event is not the provider.
  if (failing !== null && (failing.authentic || failing.eventId !== null)) {
    const { tries, triesAllowed, reason, gaveUp, goesOn } = failing;
    const what = goesOn ? "keeps refusing deliveries" : "takes deliveries, but not yet all that it refused";
    problems.push({
      level: needsYou(failing) ? "bad" : "warning",
      text: gaveUp
        ? `${name}: the provider has most likely disabled the webhook, after ${tries} tries that were refused`
        : `${name} ${what} (${REFUSED_FOR[reason]}): ${
          Math.min(tries, triesAllowed)
        } of the provider's ${triesAllowed} tries used`,
      page,
    });
  }
  if (silent) {
    const text = lastEventAt === null ? `${name} has not received anything yet` : `${name} has gone silent`;
    problems.push({ level: "warning", text, page });
  }
  return problems;
}

function problemsOfPlugin({ name, usable, error, state, lastError, routes }: PluginItem): Problem[] {
  const page = `/plugins#plugin-${name}`;
  if (routes.length === 0) return [];
  if (state === "broken" || !usable) {
    return [{
      level: "bad",
      text: `plugin ${name} cannot run: ${firstLine(error?.message ?? lastError ?? "")}`,
      page,
    }];
  }
  if (state === "waiting") {
    return [{ level: "bad", text: `plugin ${name} keeps failing: ${firstLine(lastError ?? "")}`, page }];
  }
  if (error === null) return [];
  const text = `plugin ${name}: its newest version cannot be used, the one before goes on`;
  return [{ level: "warning", text, page }];
}

function problemsOfDead(dead: number): Problem[] {
  if (dead === 0) return [];
  const text = dead === 1 ? "1 dead letter" : `${dead.toLocaleString("en")} dead letters`;
  return [{ level: "warning", text, page: "/deliveries?state=dead" }];
}

function problemsOfLeft(left: readonly LeftBehind[]): Problem[] {
  if (left.length === 0) return [];
  const count = sumOf(left, ({ waiting }) => waiting);
  const names = left.slice(0, 3).map(({ route }) => route).join(", ");
  const more = left.length > 3 ? ` and ${left.length - 3} more` : "";
  const waits = count === 1 ? "1 delivery waits" : `${count.toLocaleString("en")} deliveries wait`;
  const text =
    `${waits} for what is not in force: ${names}${more}; bring the plugin back, give config.json a ` +
    "route of that name, or discard them";
  const only = left.length === 1 ? `&${new URLSearchParams({ route: left[0]!.route })}` : "";
  return [{ level: "warning", text, page: `/deliveries?state=pending${only}` }];
}

const sumOf = <T>(items: readonly T[], count: (item: T) => number) =>
  items.reduce((sum, item) => sum + count(item), 0);

function problemsOfRoutes(routes: readonly RouteItem[], now: number): Problem[] {
  const problems: Problem[] = [];
  for (const { name, on, oldestWaitingAt, mistakes, scheduled } of routes) {
    if (mistakes.length > 0) {
      const told = mistakes.map(({ path, message }) =>
        path === "plugin" ? firstLine(message) : `${path}: ${firstLine(message)}`
      );
      const text = `route ${name} cannot run: ${told.join("; ")}`;
      problems.push({ level: "bad", text, page: `/plugins#route-${name}` });
    } else if (!on) {
      problems.push({
        level: "warning",
        text: `route ${name} is turned off`,
        page: `/plugins#route-${name}`,
      });
    } else if (!scheduled && oldestWaitingAt !== null && now - Date.parse(oldestWaitingAt) > LATE_MS) {
      const minutes = Math.floor((now - Date.parse(oldestWaitingAt)) / 60_000);
      const text = `route ${name} is late: its oldest delivery has waited ${minutes} min`;
      problems.push({ level: "warning", text, page: `/deliveries?state=pending&route=${name}` });
    }
  }
  return problems;
}

function firstLine(text: string): string {
  const line = text.split("\n", 1)[0] ?? "";
  return line.length > 120 ? `${line.slice(0, 119)}…` : line;
}
