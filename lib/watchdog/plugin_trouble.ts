/** When a person must hear that a plugin keeps failing. A pure policy. @module */
import type { JsonObject } from "../nouns.ts";
import { createPacing, type Pacing } from "./pacing.ts";
import type { PluginStatus } from "../sandbox/plugins.ts";

/** Told of a plugin that cannot run; see {@linkcode createPluginTrouble}. */
export const FAILING_EVENT_TYPE = "relay.plugin.failing";

/** How a plugin that routes use stands. */
export interface PluginHealth {
  name: string;
  /** The routes that use it. */
  routes: readonly string[];
  /** Why it cannot run now: it does not load, waits after it died, or a route's options are wrong. Null: it can. */
  trouble: string | null;
  /** How often its process has died. */
  deaths: number;
}

/** Follows plugins. */
export interface PluginTrouble {
  /** Looks at how all of them stand at `now` (milliseconds since 1970); answers what to tell: mostly nothing. */
  look(plugins: readonly PluginHealth[], now: number): JsonObject[];
}

/** How the plugins of `routes` stand. */
export function pluginHealth(
  routes: readonly { name: string; plugin: string }[],
  mistakes: readonly { route: string; path: string; message: string }[],
  statuses: readonly PluginStatus[],
): PluginHealth[] {
  return [...Map.groupBy(routes, ({ plugin }) => plugin)].map(([name, users]) => {
    const status = statuses.find((one) => one.name === name);
    const mistake = mistakes.find(({ route }) => users.some((user) => user.name === route));
    const down = status?.state === "broken" || status?.state === "waiting";
    return {
      name,
      routes: users.map((user) => user.name),
      trouble: down
        ? status.lastError ?? "it cannot be loaded"
        : mistake
        ? `${mistake.path}: ${mistake.message}`
        : null,
      deaths: status?.deaths ?? 0,
    };
  });
}

const SECOND = 1000, MINUTE = 60 * SECOND;
/** A file that is being edited is in trouble for a moment. */
const PATIENCE_MS = 10 * SECOND;
/** So often a process may die before that is told. */
const TELLING_DEATHS = 3;
/** So long without trouble it counts as mended. */
const CALM_MS = MINUTE;

interface Course {
  /** Since when it cannot run; null when it can. */
  downSince: number | null;
  lastTroubleAt: number;
  deaths: number;
  /** How often its process had died when it was last without trouble for long. */
  deathsInCalm: number;
  deathsTold: number;
  outstanding: boolean;
  pacing: Pacing;
}

/**
 * Follows plugins. What it tells is the `data` of a `relay.plugin.failing`: `state` `failing` when a plugin cannot run
 * for {@linkcode PATIENCE_MS} or its process died {@linkcode TELLING_DEATHS} times, at growing intervals while that
 * lasts, and `recovered` after a minute without trouble; with `plugin`, its `routes` (whose deliveries wait), `error`
 * and `deaths`.
 */
export function createPluginTrouble(): PluginTrouble {
  const courses = new Map<string, Course>();

  function lookAt({ name, routes, trouble, deaths }: PluginHealth, now: number): JsonObject[] {
    const course = courses.get(name) ?? begin(deaths);
    courses.set(name, course);
    if (trouble !== null || deaths > course.deaths) course.lastTroubleAt = now;
    course.deaths = deaths;
    course.downSince = trouble === null ? null : Math.min(course.downSince ?? now, now);
    if (now - course.lastTroubleAt >= CALM_MS) {
      course.deathsInCalm = deaths;
      if (!course.outstanding) return [];
      course.outstanding = false;
      return [recovered(name, routes)];
    }
    const isDown = course.downSince !== null && now - course.downSince >= PATIENCE_MS;
    const keepsDying = deaths > course.deathsTold && deaths - course.deathsInCalm >= TELLING_DEATHS;
    if (!(isDown || keepsDying) || !course.pacing.may(now)) return [];
    course.outstanding = true;
    course.deathsTold = deaths;
    return [failing(name, routes, trouble, deaths - course.deathsInCalm)];
  }

  return {
    look(plugins, now) {
      const used = new Set(plugins.map(({ name }) => name));
      for (const name of courses.keys()) if (!used.has(name)) courses.delete(name);
      return plugins.flatMap((plugin) => lookAt(plugin, now));
    },
  };
}

function begin(deaths: number): Course {
  return {
    downSince: null,
    lastTroubleAt: -Infinity,
    deaths,
    deathsInCalm: deaths,
    deathsTold: deaths,
    outstanding: false,
    pacing: createPacing(),
  };
}

function failing(
  plugin: string,
  routes: readonly string[],
  trouble: string | null,
  deaths: number,
): JsonObject {
  const error = trouble ?? `its process died ${deaths} times`;
  return {
    summary: `The plugin ${plugin} cannot run; deliveries of ${routes.join(", ")} wait: ${error}`,
    severity: "warning",
    state: "failing",
    plugin,
    routes: [...routes],
    error,
    deaths,
  };
}

function recovered(plugin: string, routes: readonly string[]): JsonObject {
  return {
    summary: `The plugin ${plugin} runs again`,
    severity: "info",
    state: "recovered",
    plugin,
    routes: [...routes],
  };
}
