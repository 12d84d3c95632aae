/**
 * Fills a store, then measures each page and listing of the dashboard: how long it takes, and how much of that the thread
 * is busy which answers requests, while the dashboard has its own.
 *
 *     deno run --import-map=.imports.json -A bench/dashboard.ts [EVENTS] [FOLDER]
 *
 * A tenth of the events become dead letters. Default: 1,000,000 events, which takes some minutes to fill. The store is
 * made in FOLDER and stays there, where it is used again; by default in a temporary folder.
 *
 * @module
 */
import { openRoom } from "../tests/admin/room.ts";
import { threadMs } from "./cpu.ts";
import { filledFolder, ROUTES } from "./dashboard_store.ts";

const PATHS = [
  "/",
  "/?cursor=MIDDLE",
  "/?coin=coin-77",
  "/?coin=coin-77&field=links.*",
  "/?coin=nobody",
  "/?coin=coin-1,coin-2,coin-3,coin-4,coin-5,coin-6,coin-7,coin-8,coin-9,coin-10",
  "/?field=links.*",
  "/?q=found-nowhere",
  "/?type=no.such.type",
  "/?route=links",
  "/?since=2100-01-01",
  "/events/event-MIDDLE",
  "/coins/coin-77",
  "/coins/nobody",
  "/deliveries",
  "/deliveries?coin=coin-77",
  "/deliveries?coin=nobody",
  "/deliveries?event=event-MIDDLE",
  "/deliveries?state=dead",
  "/deliveries?state=dead&route=links",
  "/deliveries?state=dead&coin=coin-77",
  "/deliveries?state=dead&since=2020-01-01",
  "/deliveries?state=dead&since=2100-01-01",
  "/deliveries?state=pending",
  "/sources",
  "/plugins",
  "/metrics",
  "/api/events?limit=500",
  "/api/events?limit=500&cursor=MIDDLE",
  "/api/dead-letters?limit=500",
  "/api/dead-letters?limit=500&cursor=EARLY",
];
const TIMES = 15;

const events = Number(Deno.args[0] ?? 1_000_000);
const folder = await filledFolder(events, Deno.args[1]);
const room = await openRoom({
  thread: true,
  folder,
  routes: ROUTES.map((name) => ({ name, plugin: "log" })),
});

console.log(
  `${events.toLocaleString("en")} events, ${
    (events / 10).toLocaleString("en")
  } dead letters; ms of ${TIMES} times`,
);
console.log("page".padEnd(44), "median".padStart(8), "worst".padStart(8), "main thread".padStart(13));
for (const path of PATHS) {
  const asked = path.replace("MIDDLE", String(events / 2)).replace("EARLY", String(events / 20));
  await measure(asked); // the first time compiles
  const runs = [];
  for (let i = 0; i < TIMES; i++) runs.push(await measure(asked));
  const took = runs.map(({ took }) => took).sort((a, b) => a - b);
  const busy = runs.map(({ busy }) => busy).sort((a, b) => a - b)[TIMES >> 1]!;
  const columns = [took[TIMES >> 1]!, took.at(-1)!].map((ms) => ms.toFixed(1).padStart(8));
  console.log(path.padEnd(44).slice(0, 44), ...columns, busy.toFixed(2).padStart(13));
}
await room.close();
if (folder !== Deno.args[1]) await Deno.remove(folder, { recursive: true });

async function measure(path: string): Promise<{ took: number; busy: number }> {
  const [began, before] = [performance.now(), busyMs()];
  const response = await room.ask(path, { headers: { accept: "text/html" } });
  await response.text();
  if (response.status !== 200) throw new Error(`${path} answered ${response.status}`);
  return { took: performance.now() - began, busy: busyMs() - before };
}

/** Of this thread, where a relay answers requests. */
function busyMs(): number {
  return threadMs(Deno.pid, Deno.pid);
}
