/** A real relay in a process of its own, started the way a user starts it, in a folder of its own. @module */
import { fromFileUrl, join } from "@std/path";
import { MEMORY_FLAGS } from "../../lib/launch/memory.ts";
import { type SignedRequest, signedRequest } from "./signed_request.ts";
import { until } from "./until.ts";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));

/** What a test may set. */
export interface RelaySettings {
  /** Merged over a config with one source and no routes. */
  config?: Record<string, unknown>;
  /** Files of the plugins folder, by name. Default: the built-in plugins' own folder is used. */
  plugins?: Record<string, string>;
  env?: Record<string, string>;
}

/** One line of the relay's log. */
export interface LogLine {
  time: string;
  level: string;
  part: string;
  message: string;
  [fact: string]: unknown;
}

/** The secret of the source. */
export const SECRET = "whsec_test_of_the_relay_process";

/** Makes a folder with a config; the relay is started, killed and started again in it. Dispose of it at the end. */
export async function createRelayFolder(settings: RelaySettings = {}) {
  const folder = await Deno.makeTempDir({ prefix: "coinrelay-test-" });
  const pluginsDir = settings.plugins ? join(folder, "plugins") : join(ROOT, "plugins");
  if (settings.plugins) await Deno.mkdir(pluginsDir);
  for (const [name, text] of Object.entries(settings.plugins ?? {})) {
    await Deno.writeTextFile(join(pluginsDir, name), text);
  }
  const configFile = join(folder, "config.json");
  const config = {
    server: { hostname: "127.0.0.1", port: 0 },
    admin: { hostname: "127.0.0.1", port: 0 },
    store: "sqlite:./data/relay.db",
    pluginsDir,
    sources: [{ name: "cryptosync", path: "/webhook", secrets: [SECRET] }],
    routes: [],
    ...settings.config,
  };
  const writeConfig = (changed: Record<string, unknown>) =>
    Deno.writeTextFile(configFile, JSON.stringify({ ...config, ...changed }, null, 2));
  await writeConfig({});
  const started: StartingRelay[] = [];
  return {
    folder,
    pluginsDir,
    configFile,
    writeConfig,
    /** Starts a relay; it may not listen yet. */
    spawn(env: Record<string, string> = {}): StartingRelay {
      const relay = startProcess(configFile, { ...settings.env, ...env });
      started.push(relay);
      return relay;
    },
    /** Starts a relay and waits until it listens. */
    start(env: Record<string, string> = {}): Promise<RelayProcess> {
      return this.spawn(env).listening;
    },
    async [Symbol.asyncDispose]() {
      for (const relay of started) await relay.kill();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** A relay that may not listen yet. */
export type StartingRelay = ReturnType<typeof startProcess>;
/** A running relay. */
export type RelayProcess = Awaited<StartingRelay["listening"]>;

function startProcess(configFile: string, env: Record<string, string>) {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      ...MEMORY_FLAGS,
      `--import-map=${ROOT}.imports.json`,
      "-A",
      `${ROOT}main.ts`,
      "start",
      "--config",
      configFile,
      "--log",
      "json",
    ],
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const lines: LogLine[] = [];
  const said: string[] = [];
  const reading = Promise.all([
    readLines(child.stdout, (line) => {
      said.push(line);
      try {
        lines.push(JSON.parse(line));
      } catch { /* not a line of the log */ }
    }),
    readLines(child.stderr, (line) => said.push(line)),
  ]);
  let ended: Deno.CommandStatus | null = null;
  child.status.then((status) => ended = status);

  const logged = (what: string, find: (line: LogLine) => boolean) =>
    until(`the log tells: ${what}`, () => {
      const line = lines.find(find);
      if (line === undefined && ended) throw new Error(`The relay ended:\n${said.join("\n")}`);
      return line;
    });
  function signal(name: Deno.Signal): void {
    try {
      child.kill(name);
    } catch {
      // it has ended
    }
  }

  /** Ends it at once, as a crash would. */
  async function kill(): Promise<void> {
    signal("SIGKILL");
    await child.status;
    await reading;
  }

  async function listening() {
    const found = await logged("listening", ({ message }) => message.startsWith("listening on "));
    const url = found.message.slice("listening on ".length);
    const dashboard = await logged("dashboard", ({ message }) => message.startsWith("dashboard at "));
    const adminUrl = dashboard.message.slice("dashboard at ".length, -1);
    return {
      pid: child.pid,
      url,
      adminUrl,
      lines,
      /** Everything it wrote, the log among it. */
      said,
      logged,
      /** Sends a signed event; answers the status word. */
      async send(request: SignedRequest = {}): Promise<string> {
        const response = await fetch(`${url}/webhook`, signedRequest({ secret: SECRET, ...request }));
        const answer = await response.json();
        return answer.status === response.status ? answer.reason : answer.status;
      },
      /** Ends it in order; answers its exit code. */
      async stop(): Promise<number> {
        signal("SIGTERM");
        const { code } = await child.status;
        await reading;
        return code;
      },
      kill,
    };
  }

  return {
    pid: child.pid,
    /** Resolves when it has ended, however. */
    ended: child.status,
    kill,
    /** Resolves when it listens; rejects when it ends before. */
    listening: listening(),
  };
}

async function readLines(stream: ReadableStream<Uint8Array>, take: (line: string) => void) {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(take);
  }
  if (rest) take(rest);
}
