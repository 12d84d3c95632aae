import { assert, assertEquals } from "@std/assert";
import { until } from "../support/until.ts";
import { promtool } from "./promtool.ts";
import { openRoom } from "./room.ts";

const DEPLOY = new URL("../../deploy/", import.meta.url);

/** Every expression of the Grafana dashboard. */
function expressions(): string[] {
  const { panels } = JSON.parse(Deno.readTextFileSync(new URL("grafana/coinrelay.json", DEPLOY)));
  return panels.flatMap(({ targets }: { targets: { expr: string }[] }) => targets.map(({ expr }) => expr));
}

/** Names of series in expressions, as `/metrics` declares them. */
function namesIn(text: string): Set<string> {
  return new Set(
    [...text.matchAll(/\bcoinrelay_\w+/g)].map(([name]) => name.replace(/_(bucket|sum|count)$/, "")),
  );
}

Deno.test("the Grafana dashboard and the alert rules ask for what /metrics has, and the dashboard for all of it", async () => {
  await using room = await openRoom({ routes: [{ name: "all", plugin: "log" }] });
  const metrics = await (await room.ask("/metrics")).text();
  const declared = new Set([...metrics.matchAll(/^# TYPE (coinrelay_\w+)/gm)].map(([, name]) => name!));
  const shown = namesIn(expressions().join("\n"));
  const alerts = namesIn(await Deno.readTextFile(new URL("prometheus/alerts.yml", DEPLOY)));
  assert(shown.size > 10 && alerts.size > 4);
  assertEquals([...shown, ...alerts].filter((name) => !declared.has(name)), []);
  assertEquals([...declared].filter((name) => !shown.has(name)), []);
});

Deno.test("promtool finds the alert rules and their tests right", async () => {
  const folder = new URL("prometheus/", DEPLOY).pathname;
  assertEquals(await promtool(["check", "rules", `${folder}alerts.yml`]) ?? "", "");
  assertEquals(await promtool(["check", "config", `${folder}prometheus.yml`]) ?? "", "");
  assertEquals(await promtool(["test", "rules", `${folder}alerts_test.yml`]) ?? "", "");
});

Deno.test("promtool reads every expression of the Grafana dashboard", async () => {
  const rules = expressions().map((expr, index) => ({
    record: `panel:${index}`,
    expr: expr.replaceAll("$__rate_interval", "1m"),
  }));
  const file = await Deno.makeTempFile({ suffix: ".yml" });
  await Deno.writeTextFile(file, JSON.stringify({ groups: [{ name: "grafana", rules }] }));
  assertEquals(await promtool(["check", "rules", file]) ?? "", "");
  await Deno.remove(file);
});

Deno.test("labels that the alert rules choose by are labels that are given", async () => {
  await using room = await openRoom({
    routes: [{ name: "all", plugin: "log" }],
    run: () => ({ outcome: "permanent" }),
  });
  await room.deliver({ id: "a" });
  await room.deliver({ id: "b", timestamp: "1000000000" });
  await until("one is dead", async () => (await room.store.counts()).some(({ state }) => state === "dead"));
  const metrics = await (await room.ask("/metrics")).text();
  assert(metrics.includes('result="rejected",reason="stale_timestamp"'));
  assert(metrics.includes('coinrelay_dead_letters{route="all"}'));
  assert(metrics.includes('coinrelay_last_event_timestamp_seconds{source="cryptosync"}'));
});
