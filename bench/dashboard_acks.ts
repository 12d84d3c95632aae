/**
 * Measures whether acks slow down while the dashboard is looked at, with a long past in the store.
 *
 *     deno run --import-map=.imports.json -A bench/dashboard_acks.ts FOLDER [READERS] [SECONDS]
 *
 * FOLDER: as `bench/dashboard_store.ts` has filled it; it is copied. Events come at a fixed rate, each becomes a
 * delivery. With and without readers in turn, so that what else the machine does falls on both.
 *
 * @module
 */
import { join } from "@std/path";
import { cpuMs } from "./cpu.ts";
import { openLoop } from "./open_loop.ts";
import { startRelay } from "./servers.ts";

const RATES = [100, 1000];
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
await openLoop(relay.url, 500, 4); // warms it up
console.log("    rate  readers   p50 ms   p99 ms   failed    cores");
for (const rate of RATES) {
  for (let round = 0; round < ROUNDS; round++) {
    await measure(rate, 0);
    await measure(rate, Number(readers));
  }
}
await Deno.remove(place, { recursive: true });

async function measure(rate: number, readers: number) {
  const people = readers > 0 ? await openReaders(readers) : null;
  const [began, before] = [performance.now(), cpuMs(relay.pid)];
  const { p50, p99, failed } = await openLoop(relay.url, rate, Number(seconds));
  const cores = (cpuMs(relay.pid) - before) / (performance.now() - began);
  const read = await people?.close();
  const columns = [rate, readers, p50.toFixed(2), p99.toFixed(2), failed, cores.toFixed(2)];
  console.log(columns.map((value) => String(value).padStart(8)).join(" "), read ?? "");
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

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
