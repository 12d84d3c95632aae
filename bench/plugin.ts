/** What a plugin's process costs: its start, its memory, and what it adds to a call. @module */
import { join } from "@std/path";
import type { Job } from "../lib/dispatch/contract.ts";
import { createPlugins } from "../lib/sandbox/plugins.ts";
import { memoryOf } from "./memory.ts";

/** What was measured of one kind of process. Milliseconds, MiB. */
export interface PluginResult {
  kind: "bare Deno" | "five lines" | "with options";
  /** From asking for the first run until its end, the process not yet started. Median. */
  coldStart: number;
  /** Share of memory (PSS) of one process among {@linkcode PROCESSES}. Median. */
  pss: number;
  /** A run more than a call in the same process: median and 99th percentile. Null for bare Deno. */
  overhead: { p50: number; p99: number } | null;
}

/** So many processes are alive when memory is measured: what they share counts once. */
const PROCESSES = 8;

const SOURCES = {
  "five lines": `export default {
  fields: ["links.*"],
  run({ coin, changes }) {
    return coin.name + changes.map((change) => change.field);
  },
};`,
  "with options": `import { definePlugin, z } from "coinrelay/plugin";
export default definePlugin({
  options: z.object({ greeting: z.string().default("hello") }),
  run: ({ coin }, { options }) => options.greeting + coin.name,
});`,
};

/** Measures bare Deno processes and those of two kinds of plugin, with so many runs of each. */
export async function measurePlugins(runs: number): Promise<PluginResult[]> {
  return [
    await measureBare(),
    await measurePlugin("five lines", runs),
    await measurePlugin("with options", runs),
  ];
}

async function measureBare(): Promise<PluginResult> {
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(file, `console.log("here"); await Deno.stdin.read(new Uint8Array(1));`);
  const starts: number[] = [];
  const processes: Deno.ChildProcess[] = [];
  for (let i = 0; i < PROCESSES; i++) {
    const began = performance.now();
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-config", "--no-lock", "--cached-only", file],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const reader = child.stdout.getReader();
    await reader.read();
    starts.push(performance.now() - began);
    reader.releaseLock();
    processes.push(child);
  }
  const pss = processes.map(({ pid }) => memoryOf(pid).pss);
  for (const child of processes) {
    await child.stdin.close();
    await child.stdout.cancel();
    await child.status;
  }
  await Deno.remove(file);
  return { kind: "bare Deno", coldStart: median(starts), pss: median(pss), overhead: null };
}

async function measurePlugin(kind: keyof typeof SOURCES, runs: number): Promise<PluginResult> {
  const base = await Deno.makeTempDir();
  const folder = join(base, "plugins");
  await Deno.mkdir(folder);
  const names = Array.from({ length: PROCESSES }, (_, i) => `plugin${i}`);
  for (const name of names) await Deno.writeTextFile(join(folder, `${name}.ts`), SOURCES[kind]);
  const plugins = await createPlugins({ folder, base, limits: { lingerMs: 0 } });
  await plugins.configure(names.map((name) => ({ name, plugin: name, options: {}, allow: {} })));
  while (plugins.status().some(({ pid }) => pid !== null)) await new Promise((wake) => setTimeout(wake, 50));

  const starts = [];
  for (const name of names) starts.push(await timed(() => plugins.runner.run(jobFor(name))));
  const pss = plugins.status().map(({ pid }) => memoryOf(pid!).pss);
  const times = [];
  for (let i = 0; i < runs; i++) times.push(await timed(() => plugins.runner.run(jobFor(names[0]!))));
  await plugins.stop(1000);
  await Deno.remove(base, { recursive: true });
  times.sort((a, b) => a - b);
  const overhead = { p50: times[Math.floor(runs / 2)]!, p99: times[Math.floor(runs * 0.99)]! };
  return { kind, coldStart: median(starts), pss: median(pss), overhead };
}

async function timed(task: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await task();
  return performance.now() - began;
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function jobFor(plugin: string): Job {
  return {
    plugin,
    route: plugin,
    delivery: 1,
    event: {
      id: "bench",
      type: "cg.coin.info.updated",
      source: "bench",
      receivedAt: "2026-04-13T07:40:00.000Z",
      coin: { id: "bitcoin", symbol: "btc", name: "Bitcoin" },
      changes: [{ field: "links.homepage", change_type: "update", new_value: ["https://bitcoin.org"] }],
      data: {},
      test: false,
    },
    attempt: 1,
    concurrency: 8,
    idempotencyKey: "bench",
    timeoutMs: 30_000,
    depth: 0,
    kvGet: () => Promise.resolve(null),
  };
}

if (import.meta.main) {
  for (const { kind, coldStart, pss, overhead } of await measurePlugins(3000)) {
    const added = overhead === null
      ? ""
      : `   a run p50 ${overhead.p50.toFixed(2)} ms, p99 ${overhead.p99.toFixed(2)} ms`;
    console.log(
      `${kind.padEnd(14)} first run ${coldStart.toFixed(0).padStart(4)} ms   PSS ${
        pss.toFixed(1)
      } MiB${added}`,
    );
  }
}
