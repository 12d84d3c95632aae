/** The receivers that are measured against one another, each a process of its own on a free port. @module */
import { fromFileUrl, join } from "@std/path";
import { MEMORY_FLAGS } from "../lib/launch/memory.ts";
import { LAUNCHER } from "../tests/support/launcher.ts";
import { BENCH_SECRET } from "./wrk.ts";

const ROOT = fromFileUrl(new URL("../", import.meta.url));
const DENO = ["run", "--quiet", `--import-map=${ROOT}.imports.json`, "-A"];

/** A running receiver. */
export interface Server extends AsyncDisposable {
  url: string;
  pid: number;
  /** Milliseconds from its start until it listened. */
  startMs: number;
}

/** The limit: receives, verifies, parses, keeps nothing. */
export function startLimit(): Promise<Server> {
  return start(Deno.execPath(), [...DENO, join(ROOT, "bench/limit.ts")], { BENCH_SECRET });
}

/** The limit with one write and one sync for all that arrives together: the least that a durable receiver does. */
export function startSynced(): Promise<Server> {
  return start(Deno.execPath(), [...DENO, join(ROOT, "bench/synced.ts")], { BENCH_SECRET });
}

/** The guide's own receiver under gunicorn with two workers. Both come from Debian. */
export function startGuide(): Promise<Server> {
  const args = [
    "--chdir",
    join(ROOT, "bench/guide"),
    "--workers",
    "2",
    "--bind",
    "127.0.0.1:0",
    "receiver:app",
  ];
  return start("gunicorn", args, { BENCH_SECRET });
}

/** A folder with a config.json. Goes when it is disposed of. */
export interface RelayFolder extends AsyncDisposable {
  folder: string;
  config: string;
}

/** A folder for a relay, with `config` merged over one source. */
export async function relayFolder(config: Record<string, unknown>): Promise<RelayFolder> {
  const folder = await Deno.makeTempDir({ prefix: "coinrelay-bench-" });
  const file = join(folder, "config.json");
  await Deno.writeTextFile(
    file,
    JSON.stringify({
      server: { hostname: "127.0.0.1", port: 0 },
      admin: { hostname: "127.0.0.1", port: 0 },
      store: "sqlite:./data/relay.db",
      pluginsDir: join(ROOT, "plugins"),
      sources: [{ name: "cryptosync", path: "/webhook", secrets: [BENCH_SECRET], maxAgeSeconds: 3600 }],
      routes: [],
      ...config,
    }),
  );
  return { folder, config: file, [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
}

/** The relay with `config` merged over one source, in a folder of its own that goes with it. */
export async function startRelay(config: Record<string, unknown>): Promise<Server & { folder: string }> {
  const at = await relayFolder(config);
  const args = [
    ...DENO,
    ...MEMORY_FLAGS,
    join(ROOT, "main.ts"),
    "start",
    "--config",
    at.config,
    "--log",
    "json",
  ];
  const server = await start(Deno.execPath(), args, {});
  return {
    ...server,
    folder: at.folder,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await at[Symbol.asyncDispose]();
    },
  };
}

/** The relay of a folder as `deno task start` starts it: `pid` is its launcher's. */
export function launchRelay({ config }: RelayFolder): Promise<Server> {
  return start(Deno.execPath(), [...LAUNCHER, "start", "--config", config, "--log", "json"], {});
}

async function start(command: string, args: string[], env: Record<string, string>): Promise<Server> {
  const began = performance.now();
  const child = new Deno.Command(command, { args, env, stdin: "null", stdout: "piped", stderr: "piped" })
    .spawn();
  const found = Promise.withResolvers<string>();
  const said: string[] = [];
  const listen = async (stream: ReadableStream<Uint8Array>) => {
    let listening = false;
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      if (listening) continue; // read on, so that it never waits for us
      said.push(text);
      const url = /[Ll]istening (?:on|at:?) (http:\/\/127\.0\.0\.1:\d+)/.exec(said.join(""))?.[1];
      if (url) {
        listening = true;
        found.resolve(url);
      }
    }
  };
  const reading = Promise.all([listen(child.stdout), listen(child.stderr)]);
  let ended = false;
  child.status.then(() => ended = true);
  child.status.then(() => found.reject(new Error(`${command} ended: ${said.join("")}`)));
  found.promise.catch(() => {});
  const url = await found.promise;
  return {
    url,
    pid: child.pid,
    startMs: performance.now() - began,
    async [Symbol.asyncDispose]() {
      if (!ended) child.kill("SIGTERM");
      await child.status;
      await reading;
    },
  };
}
