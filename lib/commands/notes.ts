/** What is right in a config but probably not meant, told by `deno task check` without making it fail. @module */
import { resolve } from "@std/path";
import { isLoopback } from "../config/loopback.ts";
import type { Mistake } from "../config/mistake.ts";
import type { Config } from "../config/schema.ts";
import { suggest } from "../config/suggest.ts";
import { secretFaults } from "../doctor/secrets.ts";
import type { Route } from "../route/resolve.ts";
import type { PluginDescription } from "../sandbox/description.ts";
import { isNeverGranted, type OwnFiles } from "../sandbox/never_granted.ts";

/** The first segments of the fields that the provider documents. */
const DOCUMENTED = [
  "id",
  "symbol",
  "name",
  "web_slug",
  "image",
  "categories",
  "platforms",
  "public_notices",
  "additional_notices",
  "links",
];

/** Things worth a look. `folder` is the config's. */
export function notesOn(
  config: Config,
  routes: readonly Route[],
  plugins: readonly PluginDescription[],
  own: OwnFiles,
  folder: string,
): Mistake[] {
  const notes: Mistake[] = secretFaults(config).map(({ path, problem, remedy }) => ({
    path,
    problem,
    hint: remedy,
  }));
  config.routes.forEach(({ fields = [], plugin, options, allow = {}, disabled }, i) => {
    if (disabled) return;
    fields.forEach((pattern, j) => {
      const [root = ""] = pattern.replace(/^!/, "").split(".");
      const near = root.includes("*") || DOCUMENTED.includes(root) ? undefined : suggest(root, DOCUMENTED);
      if (near === undefined) return;
      notes.push({
        path: `routes[${i}].fields[${j}]`,
        problem: `the provider documents no field like ${JSON.stringify(pattern)}`,
        hint: `did you mean ${JSON.stringify(pattern.replace(root, near))}?`,
      });
    });
    for (const kind of ["read", "write"] as const) {
      allow[kind]?.forEach((path, j) => {
        if (!isNeverGranted(own, kind, resolve(folder, path))) return;
        notes.push({
          path: `routes[${i}].allow.${kind}[${j}]`,
          problem: `grants nothing: no plugin may ${kind} ${path}, which is the relay's own`,
          hint: "take it out",
        });
      });
    }
    if (
      options && Object.keys(options).length > 0 &&
      plugins.some(({ name, hasOptions }) => name === plugin && !hasOptions)
    ) {
      notes.push({
        path: `routes[${i}].options`,
        problem: `the plugin ${plugin} takes no options: nothing looks at them`,
      });
    }
  });
  config.routes.forEach(({ name }, i) => {
    const named = plugins.find((plugin) => plugin.name === name);
    if (named?.filters.fields === undefined || named.needsOptions) return;
    if (config.routes.some(({ plugin }) => plugin === name)) return;
    notes.push({
      path: `routes[${i}].name`,
      problem:
        `the plugin ${name}, which would run by itself under this name, does not: the name is this route's`,
      hint: "call the route otherwise, or give the plugin a route",
    });
  });
  if (routes.length === 0) {
    notes.push({
      path: "routes",
      problem: "no route is in force: events are kept, and nothing acts on them",
    });
  }
  if (isLoopback(config.server.hostname)) {
    notes.push({
      path: "server.hostname",
      problem: "only this machine reaches the relay: fine behind a proxy or a tunnel here",
    });
  }
  return notes;
}
