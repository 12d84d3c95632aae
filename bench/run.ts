/** `deno task bench`: measures in one run, prints ratios. @module */
import { parseArgs } from "node:util";
import { type AckResult, measureAck } from "./ack.ts";
import { IN_FLIGHT, measureAction } from "./action.ts";
import { measureGrowth } from "./growth.ts";
import { CURVES } from "./growth_sizes.ts";
import { measureLongStarts } from "./growth_start.ts";
import { measurePlugins } from "./plugin.ts";
import { messageOf } from "../lib/message_of.ts";
import { requirePrograms } from "./programs.ts";
import { measureIdle, measureStart } from "./start.ts";

const HELP =
  `Measures coinrelay beside the limit (a bare server that keeps nothing) and the guide's own receiver.

  deno task bench [--short] [--only ack|growth|action|plugin|start]

  --short      a quick look, for comparing two versions by their ratios
  --json       one JSON object a line
  --of A,B     of growth only these curves: ${CURVES.join(", ")}, start
  --events N   how many stored events growth goes up to (default: 1000000). A million takes half a minute to fill and
               half a gigabyte; ten million ten times that
  --folder F   keeps the filled stores in F, and takes those that are there; they grow a little with each run

  Growth takes 10 minutes, and the filling; the other parts 5 together. All is written to the system's temporary folder
  (TMPDIR), which should be on the disk that the relay's store is on.`;

const PARTS = ["ack", "growth", "action", "plugin", "start"];

const values = readFlags();
if (values.help) {
  console.log(HELP);
  Deno.exit(0);
}
const GROWTH = [...CURVES, "start"];
const curves = values.of?.split(",") ?? GROWTH;
const stored = Number(values.events ?? 1_000_000);
const unknown = curves.filter((name) => !GROWTH.includes(name));
if (unknown.length > 0) fail(`--of: there is no ${unknown.join(", ")}; there are ${GROWTH.join(", ")}`);
if (!Number.isSafeInteger(stored) || stored < 1) fail("--events: give a number of events, such as 10000000");
if (values.only !== undefined && !PARTS.includes(values.only)) {
  fail(`--only: there is no ${values.only}; there are ${PARTS.join(", ")}`);
}
if (values.only === "growth" && values.short) {
  fail("--short leaves growth out: take one of --only growth and --short");
}
const wanted = (part: string) => values.only === undefined || values.only === part;
const fixed = (value: number, digits = 1) => value.toFixed(digits).padStart(8);

if (wanted("ack") || wanted("growth")) await requirePrograms(["wrk"]);
if (wanted("ack") && !values.short) await requirePrograms(["gunicorn"]);

if (wanted("ack")) {
  if (!values.json) {
    console.log("\nack: verified, stored, synced, answered   (latencies in ms; open loop at 1,000/s)\n");
    console.log(`${"".padEnd(44)} conns      per s   ratio      p50      p99  open p50  open p99   RSS MiB`);
  }
  const settings = values.short
    ? { seconds: 3, connections: [32], guide: false, openLoop: false }
    : { seconds: 8, connections: [32, 64], guide: true, openLoop: true };
  await measureAck(settings, values.json ? (result) => console.log(JSON.stringify(result)) : printAck);
}
if (wanted("growth") && !values.short) {
  if (!values.json && curves.some((name) => name !== "start")) {
    console.log(
      "\ngrowth: the ack with more of one thing, each beside the limit with as much   (latencies in ms)\n",
    );
    console.log(
      `${"".padEnd(32)}    per s    limit    ratio      p50      p99   CPU µs   RSS MiB`,
    );
  }
  const settings = {
    curves: CURVES.filter((curve) => curves.includes(curve)),
    seconds: 4,
    events: stored,
    folder: values.folder ?? null,
  };
  await measureGrowth(settings, (result) => {
    if (values.json) return console.log(JSON.stringify(result));
    const { what, load, limit, cpuMicros, rssMiB } = result;
    const rate = load.requests / load.seconds;
    const failed = load.refused + load.errors;
    console.log(
      what.padEnd(32),
      fixed(rate, 0),
      fixed(limit, 0),
      (rate / limit).toFixed(2).padStart(8),
      fixed(load.p50),
      fixed(load.p99),
      fixed(cpuMicros, 0),
      fixed(rssMiB, 0),
      failed > 0 ? `  ${failed} FAILED` : "",
    );
  });
  if (curves.includes("start")) await printLongStarts();
}
if (wanted("action")) {
  if (!values.json) {
    console.log("\naction: from the store through a plugin's process to an HTTP call\n");
    console.log("calls at a time   fetch loop   http plugin   ratio   ack to call at 100/s: p50      p99");
  }
  for (const inFlight of IN_FLIGHT) {
    const result = await measureAction(inFlight, values.short ? 3000 : 20_000, values.short ? 3 : 10);
    if (values.json) console.log(JSON.stringify(result));
    else {
      const { fetchLoop, deliveries, latency: { p50, p99 } } = result;
      const rates = [fetchLoop, deliveries].map((rate) => `${rate.toFixed(0).padStart(8)}/s`).join("    ");
      const ratio = (deliveries / fetchLoop).toFixed(2);
      console.log(
        `${`${inFlight}`.padStart(15)}   ${rates}    ${ratio}   ${p50.toFixed(1).padStart(23)} ms   ${
          p99.toFixed(1)
        } ms`,
      );
    }
  }
}
if (wanted("plugin")) {
  const results = await measurePlugins(values.short ? 1000 : 10_000);
  if (values.json) console.log(JSON.stringify(results));
  else {
    console.log("\nplugin: its process, and what a run in it takes   (medians; ms, MiB)\n");
    console.log(`${"".padEnd(14)} cold start      PSS   run p50   run p99`);
    for (const { kind, coldStart, pss, overhead } of results) {
      const run = overhead
        ? `${overhead.p50.toFixed(2).padStart(9)} ${overhead.p99.toFixed(2).padStart(9)}`
        : "";
      console.log(kind.padEnd(14), fixed(coldStart).padStart(10), fixed(pss), run);
    }
  }
}
if (wanted("start")) {
  const times = await measureStart(values.short ? 3 : 10);
  const memory = await measureIdle();
  if (values.json) console.log(JSON.stringify({ times, memory }));
  else {
    console.log("\nstart: from the command to the first event that is accepted   (ms)\n");
    console.log(`${"".padEnd(14)}   median    least     most`);
    for (const [kind, all] of Object.entries(times)) printTimes(kind, all, 14);
    console.log("\nidle: a relay with no route, its launcher, the plugin log   (MiB)\n");
    console.log(`${"".padEnd(14)}      RSS      PSS`);
    for (const [process, { rss, pss }] of Object.entries(memory)) {
      console.log(process.padEnd(14), fixed(rss), fixed(pss));
    }
  }
}
Deno.exit(0);

async function printLongStarts(): Promise<void> {
  const work = await Deno.makeTempDir({ prefix: "coinrelay-bench-" });
  if (!values.json) {
    console.log("\ngrowth: from the command to the first event that is accepted   (ms)\n");
    console.log(`${"".padEnd(32)}   median    least     most`);
  }
  for (const events of [0, stored]) {
    const result = await measureLongStarts(events, 5, values.folder ?? work);
    if (values.json) {
      console.log(JSON.stringify(result));
      continue;
    }
    const name = `${events.toLocaleString("en")} stored`;
    printTimes(`${name}, after a stop`, result.stopped, 32);
    printTimes(`${name}, after kill -9`, result.killed, 32);
  }
  await Deno.remove(work, { recursive: true });
}

function printTimes(name: string, times: readonly number[], width: number): void {
  const sorted = times.toSorted((a, b) => a - b);
  const shown = [sorted[sorted.length >> 1]!, sorted[0]!, sorted.at(-1)!];
  console.log(name.padEnd(width), ...shown.map((ms) => fixed(ms, 0)));
}

function readFlags() {
  try {
    return parseArgs({
      args: Deno.args,
      options: {
        short: { type: "boolean" },
        only: { type: "string" },
        json: { type: "boolean" },
        of: { type: "string" },
        events: { type: "string" },
        folder: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    return fail(`${messageOf(error)}\n\n${HELP}`);
  }
}

function fail(message: string): never {
  console.error(`deno task bench: ${message}`);
  Deno.exit(1);
}

function printAck({ receiver, connections, load, ratio, open, rssMiB }: AckResult): void {
  const failed = load.refused + load.errors;
  console.log(
    receiver.padEnd(44),
    String(connections).padStart(5),
    fixed(load.requests / load.seconds, 0).padStart(10),
    ratio.toFixed(2).padStart(7),
    fixed(load.p50),
    fixed(load.p99),
    open ? fixed(open.p50) : "        ",
    " ",
    open ? fixed(open.p99) : "        ",
    fixed(rssMiB, 0),
    failed > 0 ? `  ${failed} FAILED` : "",
  );
}
