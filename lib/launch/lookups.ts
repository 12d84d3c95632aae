/** Which hosts a relay must look up itself. @module */
import { isHostname } from "../config/hostname.ts";
import { list, record } from "../config/loosely.ts";
import type { Json, JsonObject } from "../nouns.ts";
import { hostsIn } from "../sandbox/hosts.ts";

/**
 * The names among the hosts of routes whose plugin may also reach any public host.
 *
 * @param routes As a config has them, though it may have mistakes.
 */
export function lookupsOf(routes: Json | undefined): string[] {
  const all = list(routes).map(record);
  const net = (route: JsonObject) => list(record(route["allow"])["net"]).map(String);
  const anyHost = new Set(all.filter((route) => net(route).includes("*")).map(({ plugin }) => plugin));
  return all.filter(({ plugin }) => anyHost.has(plugin)).flatMap((route) => [
    ...hostsIn(route["options"] ?? null, "").map(({ host }) => host),
    ...net(route),
  ]).map((host) => host.replace(/:\d+$/, "")).filter((host) =>
    /^[a-z0-9.-]*[a-z][a-z0-9.-]*$/i.test(host) && isHostname(host)
  );
}
