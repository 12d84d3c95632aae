/** When a person must hear that a plugin keeps failing. A pure policy. @module */
import type { JsonObject } from "../nouns.ts";
import { createPacing } from "../pacing.ts";

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

const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE;
/** A file that is being edited is in trouble for a moment. */
const PATIENCE_MS = 10 * SECOND;
/** So often a process may die before that is told. */
const TELLING_DEATHS = 3;
/** So long without trouble it counts as mended. */
const CALM_MS = MINUTE;
const PACE = { firstMs: 15 * MINUTE, mostMs: 4 * HOUR, calmMs: 24 * HOUR };

interface Course {
  since: number;
  lastAt: number;
  deathsBefore: number;
  deathsTold: number;
  outstanding: boolean;
  pacing: ReturnType<typeof createPacing>;
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
    const course = courses.get(name) ?? begin(deaths, now);
    courses.set(name, course);
    const died = deaths > course.deathsTold && deaths - course.deathsBefore >= TELLING_DEATHS;
    if (trouble === null && !died) {
      if (now - course.lastAt < CALM_MS) return [];
      course.since = now;
      course.deathsBefore = deaths;
      if (!course.outstanding) return [];
      course.outstanding = false;
      return [recovered(name, routes)];
    }
    course.since = Math.min(course.since, now);
    if (trouble !== null) course.lastAt = now;
    const lasts = trouble !== null && now - course.since >= PATIENCE_MS;
    if (!(lasts || died) || !course.pacing.may(now)) return [];
    course.outstanding = true;
    course.lastAt = now;
    course.deathsTold = deaths;
    return [failing(name, routes, trouble, deaths - course.deathsBefore)];
  }

  return {
    look(plugins, now) {
      const used = new Set(plugins.map(({ name }) => name));
      for (const name of courses.keys()) if (!used.has(name)) courses.delete(name);
      return plugins.flatMap((plugin) => lookAt(plugin, now));
    },
  };
}

function begin(deaths: number, now: number): Course {
  const pacing = createPacing(PACE);
  return {
    since: now,
    lastAt: -Infinity,
    deathsBefore: deaths,
    deathsTold: deaths,
    outstanding: false,
    pacing,
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
