import { assert, assertEquals } from "@std/assert";
import { createPluginTrouble, pluginHealth } from "../../lib/watchdog/plugin_trouble.ts";
import type { PluginStatus } from "../../lib/sandbox/plugins.ts";

const SECOND = 1000, HOUR = 3600 * SECOND;
const well = { name: "slack", routes: ["a", "b"], trouble: null, deaths: 0 };
const broken = { ...well, trouble: "slack.ts:3: unexpected token" };

/** Looks once a second; answers at which seconds what was told. */
function follow(health: (second: number) => typeof well | typeof broken, seconds: number) {
  const trouble = createPluginTrouble();
  const told: [number, unknown][] = [];
  for (let second = 0; second <= seconds; second++) {
    told.push(
      ...trouble.look([health(second)], second * SECOND).map(({ state }) =>
        [second, state] as [number, unknown]
      ),
    );
  }
  return told;
}

Deno.test("a plugin that cannot run is told after a moment, at growing intervals, and when it runs again", () => {
  const told = follow((second) => second >= 100 && second < 100 + 3 * 3600 ? broken : well, 4 * 3600);
  assertEquals(told[0], [110, "failing"]);
  assertEquals(told.at(-1)?.[1], "recovered");
  assertEquals(told.filter(([, state]) => state === "failing").length, 4);
});

Deno.test("a clock set back by an hour delays the telling by no more than that moment", () => {
  const trouble = createPluginTrouble();
  const told = [HOUR, 0, 9 * SECOND, 10 * SECOND].map((now) => trouble.look([broken], now).length);
  assertEquals(told, [0, 0, 0, 1]);
});

Deno.test("a file that is broken for a moment while it is edited is not told", () => {
  assertEquals(follow((second) => second % 30 < 5 ? broken : well, 600).length, 0);
});

Deno.test("a process that dies three times is told, even if it is started again each time", () => {
  const told = follow((second) => ({ ...well, deaths: Math.floor(second / 20) }), 70);
  assertEquals(told, [[60, "failing"]]);
});

Deno.test("a process that dies now and then, and is well in between, is not told", () => {
  assertEquals(follow((second) => ({ ...well, deaths: Math.floor(second / 3600) }), 5 * 3600), []);
});

Deno.test("deaths that were told are not told again for a file that is edited after them", () => {
  const health = (second: number) => ({
    ...(second > 60 && second % 30 < 5 ? broken : well),
    deaths: Math.min(3, Math.floor(second / 20)),
  });
  assertEquals(follow(health, 3600), [[60, "failing"]]);
});

Deno.test("what is told names the plugin, its routes and the error, and a plugin no longer used is forgotten", () => {
  const trouble = createPluginTrouble();
  trouble.look([broken], 0);
  const [told] = trouble.look([broken], HOUR);
  assertEquals([told!["plugin"], told!["routes"], told!["error"]], ["slack", ["a", "b"], broken.trouble]);
  assertEquals(trouble.look([], 2 * HOUR), []);
  assertEquals(trouble.look([well], 3 * HOUR), []);
});

Deno.test("a plugin's trouble is that it is down, or what is wrong with a route of it", () => {
  const status: PluginStatus = {
    name: "slack",
    state: "idle",
    pid: null,
    memory: 0,
    running: 0,
    deaths: 2,
    waitsUntil: null,
    lastError: "its process ended itself",
    refused: [],
  };
  const routes = [{ name: "a", plugin: "slack" }, { name: "b", plugin: "slack" }];
  const troubleOf = (...args: Parameters<typeof pluginHealth>) => pluginHealth(...args)[0]!.trouble;
  assertEquals(pluginHealth(routes, [], [status]), [{
    name: "slack",
    routes: ["a", "b"],
    trouble: null,
    deaths: 2,
  }]);
  assertEquals(troubleOf(routes, [], [{ ...status, state: "waiting" }]), status.lastError);
  const mistake = { route: "b", path: "options.webhookUrl", message: "is missing" };
  assert(troubleOf(routes, [mistake], [status])?.startsWith("options.webhookUrl"));
});
