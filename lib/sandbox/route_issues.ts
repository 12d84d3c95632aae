/** What is wrong with a route's options, as its plugin sees it, and as to what they may reach. @module */
import type { JsonObject } from "../nouns.ts";
import { coversHost, type Grant } from "./grants.ts";
import type { PluginProcess } from "./process.ts";
import type { OptionIssue } from "./protocol.ts";

/** Gives a process a route's options; resolves what is wrong with them, also that nothing grants what they reach by default. */
export async function issuesOf(
  process: PluginProcess,
  route: string,
  options: JsonObject,
  grants: readonly Grant[],
): Promise<OptionIssue[]> {
  const { issues, defaults } = await process.setRoute(route, options);
  // A plugin must not grant itself what it reaches: of its schema's defaults only public hosts are granted with the route.
  const ungranted = defaults.filter(({ host }) => !coversHost(grants, host)).map(({ path, host }) => ({
    path,
    ungranted: true as const,
    message: `reaches ${host} by default, which nothing grants: write the URL into the options, ` +
      `or "allow": { "net": [${JSON.stringify(host)}] } into the route`,
  }));
  return [...issues, ...ungranted];
}
