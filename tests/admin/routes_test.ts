import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { anEvent, ending } from "../store/fixtures.ts";
import { until } from "../support/until.ts";
import { openRoom, type RoomSettings } from "./room.ts";

const MINUTE = 60_000;
const NOW = Date.UTC(2026, 0, 1, 12);
const ago = (minutes: number) => NOW - minutes * MINUTE;
const iso = (at: number) => new Date(at).toISOString();

type Room = Awaited<ReturnType<typeof openRoom>>;

async function room(settings: RoomSettings): Promise<Room> {
  const opened = await openRoom({ now: () => NOW, ...settings });
  await opened.dispatcher.stop(0);
  return opened;
}

/** Stores a delivery for a route, made some minutes ago, and has it stand so. */
async function put(at: Room, route: string, minutes: number, state: "pending" | "running" | "done" | "dead") {
  const deliveries = [{ route, matched: null, dueAt: 0 }];
  await at.store.append([anEvent(crypto.randomUUID(), { receivedAt: ago(minutes), deliveries })]);
  if (state === "pending") return;
  const { claimed } = await at.store.claim({
    relay: "test",
    now: NOW,
    leaseUntil: NOW + 1,
    routes: [{ route, limit: 1, order: "any", rate: null }],
  });
  if (state !== "running") await at.store.settle("test", claimed.map((one) => ending(one, state)), NOW);
}

/** Rows of a page's table, each as the texts of its cells. */
function rowsOf(html: string, label: string): string[][] {
  const table = new RegExp(`aria-label="${label}".*?</table>`, "s").exec(html)![0];
  return [...table.matchAll(/<tr[^>]*>(.*?)<\/tr>/gs)].slice(1).map(([, row]) =>
    [...row!.matchAll(/<td[^>]*>(.*?)<\/td>/gs)].map(([, cell]) =>
      cell!.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ").trim()
    )
  );
}

Deno.test("a route tells how its own deliveries stand, and since when the oldest that is not done waits", async () => {
  await using at = await room({
    routes: [
      { name: "one", plugin: "log", events: ["cg.*"] },
      { name: "two", plugin: "log", events: ["cg.*"] },
      { name: "idle", plugin: "log", events: ["cg.*"] },
      { name: "digest", plugin: "log", events: ["cg.*"], digest: "15m" },
      {
        name: "quiet",
        plugin: "log",
        events: ["cg.*"],
        quietHours: { from: "22:00", to: "06:00" },
      },
    ],
  });
  await put(at, "one", 50, "done");
  await put(at, "one", 40, "dead");
  await put(at, "one", 30, "running");
  await put(at, "one", 20, "pending");
  await put(at, "two", 60, "running");
  for (const route of ["two", "digest", "quiet"]) await put(at, route, 10, "pending");
  for (const route of ["two", "digest", "quiet"]) await put(at, route, 11, "pending");
  const { items } = await at.json("/api/routes");
  const stand = items.map(({ name, counts, scheduled, oldestWaitingAt }: Record<string, unknown>) => [
    name,
    Object.values(counts as Record<string, number>).join(" "),
    scheduled,
    oldestWaitingAt,
  ]);
  assertEquals(stand, [
    ["one", "1 1 1 1", false, iso(ago(30))],
    ["two", "2 1 0 0", false, iso(ago(60))],
    ["idle", "0 0 0 0", false, null],
    ["digest", "2 0 0 0", true, iso(ago(10))],
    ["quiet", "2 0 0 0", true, iso(ago(10))],
  ]);
  const page = await (await at.ask("/deliveries")).text();
  const clock = (minutes: number) => `${iso(ago(minutes)).slice(0, 19).replace("T", " ")} UTC`;
  assertEquals(rowsOf(page, "Deliveries by route and state"), [
    ["one", "1", "1", `${clock(30)} late`, "1", "1"],
    ["two", "2", "0", `${clock(60)} late`, "1", "0"],
    ["idle", "0", "0", "–", "0", "0"],
    ["digest", "2", "0", clock(10), "0", "0"],
    ["quiet", "2", "0", clock(10), "0", "0"],
  ]);
});

Deno.test("a route is late from ten minutes on", async () => {
  await using at = await room({
    routes: ["even", "late"].map((name) => ({ name, plugin: "log", events: ["cg.*"] })),
  });
  await put(at, "even", 10, "pending");
  await put(at, "late", 10.01, "pending");
  const rows = rowsOf(await (await at.ask("/deliveries")).text(), "Deliveries by route and state");
  assertEquals(rows.map(([name, , , oldest]) => [name, /late/.test(oldest!)]), [["even", false], [
    "late",
    true,
  ]]);
});

Deno.test("of a route that is not in force is told what waits, runs or failed, and nothing where all is done", async () => {
  await using at = await room({ routes: [{ name: "here", plugin: "log", events: ["cg.*"] }] });
  await put(at, "waits", 1, "pending");
  await put(at, "runs", 1, "running");
  await put(at, "failed", 1, "dead");
  await put(at, "over", 1, "done");
  const rows = rowsOf(await (await at.ask("/deliveries")).text(), "Deliveries by route and state");
  assertEquals(rows, [
    ["here", "0", "0", "–", "0", "0"],
    ["waits not in force", "1", "0", "", "0", "0"],
    ["runs not in force", "0", "0", "", "1", "0"],
    ["failed not in force", "0", "1", "", "0", "0"],
  ]);
});

Deno.test("what waits for a route in force is not discarded, however many routes there are", async () => {
  await using at = await room({
    routes: ["one", "two"].map((name) => ({ name, plugin: "log", events: ["cg.*"] })),
  });
  await put(at, "two", 1, "pending");
  const { items: [waiting] } = await at.json("/api/deliveries");
  assertEquals(await (await at.post(`/api/deliveries/${waiting.id}/discard`)).json(), { changed: 0 });
});

const PLUGINS: RoomSettings = {
  routes: [
    { name: "alerts", plugin: "slack", events: ["cg.*"] },
    { name: "more", plugin: "slack", events: ["cg.*"] },
    { name: "lines", plugin: "log", events: ["cg.*"] },
  ],
  descriptions: [
    { name: "slack", file: "slack.ts", description: "Posts to Slack", version: "0123456789abcdef" },
    { name: "log", file: "log.ts", description: "One line for each change", version: null },
    { name: "idle", file: "idle.ts", description: "Of no use yet" },
    {
      name: "spoilt",
      file: "spoilt.ts",
      usable: false,
      error: { stage: "import", message: "Expected ;", file: "spoilt.ts", line: 4 },
    },
    { name: "older", file: "older.ts", error: { stage: "check", message: "no run", file: null, line: null } },
  ],
  status: [{
    name: "slack",
    state: "waiting",
    memory: 3 * 1024 * 1024,
    running: 2,
    deaths: 1,
    waitsUntil: NOW + MINUTE,
    lastError: "out of memory",
    refused: [
      {
        kind: "net",
        target: "a.example:443",
        route: null,
        count: 1200,
        lastAt: ago(1),
        remedy: '"net": ["a.example"]',
      },
      { kind: "read", target: "/etc/passwd", route: null, count: 1, lastAt: ago(2), remedy: null },
    ],
  }],
  grants: [
    { plugin: "slack", route: "alerts", kind: "net", target: "hooks.example:443", why: "options.webhookUrl" },
    { plugin: "log", route: "lines", kind: "read", target: "/srv", why: "allow.read" },
  ],
};

Deno.test("a plugin tells its own state, reach and routes; one whose process was never up is idle", async () => {
  await using at = await room(PLUGINS);
  const { items: [slack, log] } = await at.json("/api/plugins");
  const { name: _, file: __, description: ___, version: ____, usable: _____, error: ______, ...stand } =
    slack;
  assertEquals(stand, {
    state: "waiting",
    waitsUntil: iso(NOW + MINUTE),
    running: 2,
    deaths: 1,
    memoryBytes: 3 * 1024 * 1024,
    lastError: "out of memory",
    allowed: [{ kind: "net", target: "hooks.example:443", route: "alerts", why: "options.webhookUrl" }],
    refused: [
      {
        kind: "net",
        target: "a.example:443",
        route: null,
        count: 1200,
        lastAt: iso(ago(1)),
        remedy: '"net": ["a.example"]',
      },
      { kind: "read", target: "/etc/passwd", route: null, count: 1, lastAt: iso(ago(2)), remedy: null },
    ],
    routes: ["alerts", "more"],
  });
  assertEquals(log, {
    name: "log",
    file: "log.ts",
    description: "One line for each change",
    version: null,
    usable: true,
    error: null,
    state: "idle",
    waitsUntil: null,
    running: 0,
    deaths: 0,
    memoryBytes: 0,
    lastError: null,
    allowed: [{ kind: "read", target: "/srv", route: "lines", why: "allow.read" }],
    refused: [],
    routes: ["lines"],
  });
});

Deno.test("the page of plugins shows each as it stands, and those that nobody asks for by name", async () => {
  await using at = await room(PLUGINS);
  const html = await (await at.ask("/plugins")).text();
  const block = (id: string) =>
    new RegExp(`id="${id}">(.*?)(?=<div class="body stack"|<details class="body"|</section>)`, "s").exec(
      html,
    )![1]!
      .replace(/<[^>]*>/g, " ").replace(/\s+/g, " ").replaceAll("&quot;", '"');
  const slack = block("plugin-slack");
  assertMatch(
    slack,
    /^ waiting slack Posts to Slack Last trouble: out of memory It keeps dying; it is started again/,
  );
  assertStringIncludes(slack, "slack.ts version 0123456789ab ");
  assertStringIncludes(slack, "3.0 MiB, 2 running, died 1 time ");
  assertMatch(slack, /May reach net hooks.example:443 alerts: options.webhookUrl Was refused/);
  assertMatch(
    slack,
    /net a.example:443 1,200 ×, last \S+ \S+ UTC A route would allow it with "net": \["a.example"\]/,
  );
  assertMatch(slack, /read \/etc\/passwd 1 ×, last \S+ \S+ UTC $/);
  const log = block("plugin-log");
  assertMatch(
    log,
    /^ idle log One line for each change File log.ts Process none is up, 0 running, died 0 times May reach read/,
  );
  assertEquals([log.includes("Was refused"), log.includes("version"), log.includes("keeps dying")], [
    false,
    false,
    false,
  ]);
  assertMatch(
    block("plugin-spoilt"),
    /no route asks for it spoilt.ts:4 Expected ;\s+File.*May reach nothing/,
  );
  assertMatch(block("plugin-older"), /no run . The version before it goes on\./);
  assertStringIncludes(html, "1 that no route asks for");
  assertMatch(html, /<dt id="plugin-idle"><code>idle<\/code><\/dt><dd><bdi>Of no use yet/);
});

Deno.test("the page of routes shows what each takes, its limits and what it remembers", async () => {
  await using at = await openRoom({
    routes: [
      { name: "whole", plugin: "log" },
      {
        name: "narrow",
        plugin: "log",
        fields: ["links.*", "!links.blog"],
        where: { "coin.symbol": "usdc" },
        order: "coin",
        concurrency: 3,
        timeoutSeconds: 90,
        quietHours: { from: "22:00", to: "06:00" },
      },
      { name: "off", plugin: "log" },
    ],
    descriptions: [{ name: "log" }, { name: "auto", filters: { fields: ["name"] } }],
    run: ({ route }) => route === "whole" ? { kv: [{ key: "seen", value: '"x"' }] } : {},
  });
  await at.deliver({ id: "e", body: '{"event_type":"cg.coin.listed","data":{"id":"a"}}' });
  await until("both are done, and their places free", async () => {
    const { items } = await at.json("/api/routes");
    const sum = (of: (item: { counts: { done: number }; running: number }) => number) =>
      items.map(of).reduce((a: number, b: number) => a + b);
    return sum(({ counts }) => counts.done) === 2 && sum(({ running }) => running) === 0;
  });
  at.off.add("off");
  const html = await (await at.ask("/plugins")).text();
  const block = (name: string) =>
    new RegExp(`id="route-${name}">(.*?)(?=<div class="body stack"|</section>)`, "s").exec(html)![1]!
      .replace(/<[^>]*>/g, " ").replace(/\s+/g, " ").replaceAll("&quot;", '"');
  assertMatch(
    block("whole"),
    /^ on whole to log its events .* Takes every event, whole Deliveries 0 waiting, 0 running, 1 done, 0 dead letters Limits \d+ at a time, 30 s each What it remembers \(1\) seen "x" $/,
  );
  assertMatch(
    block("narrow"),
    / fields links\.\*, !links\.blog where \{"coin.symbol":"usdc"\} .* 3 at a time, 2 min each, those of one coin in order, gathered or held for quiet hours $/,
  );
  assertMatch(block("auto"), /^ on auto to auto , by the plugin&#39;s own defaults .*Turn off fields name /);
  assertMatch(block("off"), /^ off off to log .*Turn on Turned off here until the config changes/);
});
