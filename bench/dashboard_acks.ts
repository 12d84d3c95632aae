/**
 * Measures whether acks slow down while the dashboard is looked at, with a long past in the store.
 *
 *     deno run --import-map=.imports.json -A bench/dashboard_acks.ts FOLDER [READERS] [SECONDS]
 *
 * FOLDER: as `bench/dashboard_store.ts` has filled it; it is copied. Events come at a fixed rate, each becomes a
 * delivery. In turn without readers, with them, and without them while a process that has nothing to do with the relay
 * takes as much processor time as the dashboard's thread did: what is lost then too is lost to the machine's few cores.
 *
 * @module
 */
import { join } from "@std/path";
import { freePort } from "../tests/support/free_port.ts";
import { cpuMs, threadMs } from "./cpu.ts";
import { openLoop } from "./open_loop.ts";
import { startRelay } from "./servers.ts";

const RATES = [100, 500, 1000];
const ROUNDS = 3;

const [folder = "", readers = "10", seconds = "10"] = Deno.args;
const place = await Deno.makeTempDir({ prefix: "coinrelay-bench-" });
await Deno.copyFile(join(folder, "relay.db"), join(place, "relay.db"));
await Deno.writeTextFile(join(place, "nothing.ts"), "export default { events: ['cg.*'], run() {} };");
const port = freePort();
await using relay = await startRelay({
  admin: { hostname: "127.0.0.1", port },
  store: `sqlite:${join(place, "relay.db")}`,
  pluginsDir: place,
  routes: [{ name: "all", plugin: "nothing" }],
});
const workers = threadsOf(relay.pid);
await (await fetch(`http://127.0.0.1:${port}/`)).text();
const dashboard = threadsOf(relay.pid).find((thread) => !workers.includes(thread))!;
await openLoop(relay.url, 500, 4); // warms it up
console.log("    rate  looking   p50 ms   p99 ms    cores dashboard");
for (const rate of RATES) {
  for (let round = 0; round < ROUNDS; round++) {
    await measure(rate, 0);
    const share = await measure(rate, Number(readers));
    await measure(rate, 0, share);
  }
}
await Deno.remove(place, { recursive: true });

/** One round; answers how many cores the dashboard's thread took. `burning`: a stranger takes so many. */
async function measure(rate: number, readers: number, burning = 0): Promise<number> {
  const people = readers > 0 ? await openReaders(readers) : null;
  const stranger = burning > 0 ? burn(burning) : null;
  const [began, whole, part] = [performance.now(), cpuMs(relay.pid), threadMs(relay.pid, dashboard)];
  const { p50, p99, failed } = await openLoop(relay.url, rate, Number(seconds));
  const cores = (ms: number) => ms / (performance.now() - began);
  const all = cores(cpuMs(relay.pid) - whole);
  const share = cores(threadMs(relay.pid, dashboard) - part);
  stranger?.kill("SIGKILL");
  await stranger?.status;
  const read = await people?.close();
  if (failed > 0) throw new Error(`${failed} requests failed`);
  const who = burning > 0 ? "stranger" : readers;
  const columns = [rate, who, p50.toFixed(2), p99.toFixed(2), all.toFixed(2), share.toFixed(3)];
  console.log(columns.map((value) => String(value).padStart(8)).join(" "), read ?? "");
  return share;
}

/** A process that is busy for such a share of each tenth of a second. */
function burn(share: number): Deno.ChildProcess {
  const code = `setInterval(() => {
    const end = performance.now() + ${100 * share};
    while (performance.now() < end);
  }, 100)`;
  return new Deno.Command(Deno.execPath(), { args: ["eval", code], stdin: "null" }).spawn();
}

/** The threads that run JavaScript beside the main one, as Linux numbers them. */
function threadsOf(pid: number): string[] {
  return [...Deno.readDirSync(`/proc/${pid}/task`)].map(({ name }) => name)
    .filter((thread) => Deno.readTextFileSync(`/proc/${pid}/task/${thread}/comm`).startsWith("worker-"));
}

async function openReaders(count: number) {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-N",
      new URL("dashboard_readers.ts", import.meta.url).pathname,
      `http://127.0.0.1:${port}`,
      String(count),
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  await lines.read(); // "open"
  return {
    async close() {
      await child.stdin.close();
      const { value } = await lines.read();
      await child.status;
      return value?.trim();
    },
  };
}
