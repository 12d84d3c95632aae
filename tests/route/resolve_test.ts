import { assertEquals } from "@std/assert";
import { configSchema } from "../../lib/config/schema.ts";
import { type PluginDefaults, resolveRoutes, type Route } from "../../lib/route/resolve.ts";

const DECLARED = { fields: ["links.*"], changeTypes: ["update" as const] };

function plugin(change: Partial<PluginDefaults> = {}): PluginDefaults {
  return { name: "news", filters: DECLARED, needsOptions: false, ...change };
}

function resolve(routes: unknown[], plugins: PluginDefaults[], retry = {}): Route[] {
  const sources = [{ name: "s", secrets: ["whsec_of_a_test"] }];
  return resolveRoutes(configSchema.parse({ sources, routes, retry }), plugins);
}

/** What one route of the plugin comes to. */
const one = (route: Record<string, unknown>, retry = {}) =>
  resolve([{ name: "r", plugin: "news", ...route }], [plugin()], retry)[0]!;

Deno.test("a plugin runs by itself when it declares fields and needs no options, and not otherwise", () => {
  assertEquals(resolve([], [plugin()]).map(({ name }) => name), ["news"]);
  assertEquals(resolve([], [plugin({ needsOptions: true })]), []);
  assertEquals(resolve([], [plugin({ filters: { changeTypes: ["update"] } })]), []);
});

Deno.test("a route's filters replace those that its plugin declares, each by itself", () => {
  assertEquals(one({}).filters, DECLARED);
  assertEquals(one({ fields: ["name"], coins: ["aave"] }).filters, {
    fields: ["name"],
    changeTypes: ["update"],
    coins: ["aave"],
  });
});

Deno.test("a route's retry goes before the config's, each limit by itself", () => {
  const retry = { maxAttempts: 7, minDelaySeconds: 2, maxDelaySeconds: 60 };
  assertEquals(one({}, retry).retry, { maxAttempts: 7, minDelayMs: 2000, maxDelayMs: 60_000 });
  assertEquals(one({ retry: { maxAttempts: 3, maxDelaySeconds: 5 } }, retry).retry, {
    maxAttempts: 3,
    minDelayMs: 2000,
    maxDelayMs: 5000,
  });
});

Deno.test("a route's rate is per second, minute or hour, and its order is kept", () => {
  assertEquals(one({}).rate, null);
  for (
    const [rateLimit, count, perMs] of [["5/s", 5, 1000], ["30/m", 30, 60_000], ["100/h", 100, 3_600_000]]
  ) {
    assertEquals(one({ rateLimit }).rate, { count, perMs } as Route["rate"]);
  }
  assertEquals([one({}).order, one({ order: "coin" }).order], ["any", "coin"]);
});
