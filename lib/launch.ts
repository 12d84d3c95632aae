/**
 * Starts the relay in a process of its own, allowed exactly what its config needs, and stays beside it: passes signals on,
 * and ends with it. SECURITY.md lists what that is.
 *
 * Takes the relay's own arguments; `--show-permissions` prints the flags in place of a start.
 *
 * @module
 */
import { dirname, resolve } from "@std/path";
import { type Environment, withDotenv } from "./config/environment.ts";
import { localUrl } from "./config/local_url.ts";
import { LAUNCHED } from "./launch/launched.ts";
import { mappedFolders } from "./launch/mapped_folders.ts";
import { MEMORY_FLAGS } from "./launch/memory.ts";
import { flagsOf, type LaunchConfig, type LaunchPlace, permissionsOf } from "./launch/permissions.ts";
import { readLaunchConfig } from "./launch/read_config.ts";
import { serviceOf, speakFor } from "./launch/service_manager.ts";
import { telemetryOf } from "./launch/telemetry.ts";
import { PROJECT } from "./project.ts";
import { ENDING_SIGNALS, SIGNALLED } from "./signals.ts";
import { placeOf } from "./store/place.ts";

const IMPORT_MAP = resolve(PROJECT, ".imports.json");
/** A signal that comes twice within so long was sent once: to us and, by the terminal, to whoever started us. */
const ONCE_MS = 200;

const SHOW = "--show-permissions";
const args = Deno.args.filter((arg) => arg !== SHOW);
const shows = args.length < Deno.args.length && !args.some((arg) => arg === "--help" || arg === "-h");
try {
  const plan = planOf(args);
  if (shows) console.log(plan.flags.join("\n"));
  else Deno.exit(await launch(plan, args));
} catch (error) {
  if (!(error instanceof RangeError)) throw error;
  console.error(error.message);
  Deno.exit(1);
}

/** How a relay is to be started. */
interface Plan {
  /** Deno's flags with its permissions. */
  flags: string[];
  /** Where it will listen. */
  url: string;
  /** Added to the environment. */
  env: Record<string, string>;
}

/** How the relay with these arguments is to be started. */
function planOf(args: readonly string[]): Plan {
  const named = configArgument(args);
  const configFile = named === null
    ? resolve(PROJECT, "config.json")
    : resolve(Deno.env.get("INIT_CWD") ?? Deno.cwd(), named);
  const environment = Deno.env.toObject();
  const config = readLaunchConfig(configFile, environment);
  const needed = config ?? firstConfig();
  const place: LaunchPlace = {
    project: PROJECT,
    configFile,
    hasConfig: config !== null,
    deno: Deno.execPath(),
    code: mappedFolders(Deno.readTextFileSync(IMPORT_MAP)),
  };
  const found = permissionsOf(needed, place, placeOf(needed.store, dirname(configFile)));
  const flags = flagsOf({ ...found, read: withTargets(found.read), write: withTargets(found.write) });
  return {
    flags,
    url: localUrl(needed.server),
    env: telemetryOf(withDotenvIfReadable(configFile, environment)),
  };
}

/** That `.env` cannot be read the relay itself tells. */
function withDotenvIfReadable(configFile: string, environment: Environment): Environment {
  try {
    return withDotenv(configFile, environment);
  } catch {
    return environment;
  }
}

/** What the first start makes of the example: away from the project, with the project's own plugins. */
function firstConfig(): LaunchConfig {
  const example = readLaunchConfig(resolve(PROJECT, "config.example.json"), {})!;
  return { ...example, pluginsDir: resolve(PROJECT, example.pluginsDir) };
}

function configArgument(args: readonly string[]): string | null {
  const at = args.findLastIndex((arg) => arg === "--config" || arg.startsWith("--config="));
  if (at < 0) return null;
  return args[at]!.startsWith("--config=") ? args[at]!.slice("--config=".length) : args[at + 1] ?? null;
}

/** Adds where symbolic links lead: Deno asks for that as well. */
function withTargets(paths: readonly string[]): string[] {
  return [
    ...new Set(paths.flatMap((path) => {
      try {
        return [path, Deno.realPathSync(path)];
      } catch {
        return [path]; // not there yet
      }
    })),
  ];
}

/** Runs the relay to its end; resolves its exit code. */
async function launch({ flags, url, env }: Plan, args: readonly string[]): Promise<number> {
  const relay = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      ...MEMORY_FLAGS,
      `--import-map=${IMPORT_MAP}`,
      ...flags,
      `${PROJECT}main.ts`,
      ...args,
    ],
    env: { ...env, [LAUNCHED]: "1" },
    detached: true, // so that a Ctrl+C reaches it once: through us
    stdin: "piped", // which ends when we do, however that comes
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
  const hasTerminal = [Deno.stdin, Deno.stdout, Deno.stderr].some((stream) => stream.isTerminal());
  let last = -Infinity;
  for (const [signal] of ENDING_SIGNALS) {
    Deno.addSignalListener(signal, () => {
      if (signal === "SIGHUP" && !hasTerminal) return; // of `nohup`, say: to outlive the terminal is what it is for
      if (performance.now() - last < ONCE_MS) return;
      last = performance.now();
      try {
        relay.kill(signal === "SIGHUP" ? "SIGTERM" : signal);
      } catch {
        // it has ended
      }
    });
  }
  const service = serviceOf(Deno.env.toObject());
  if (service !== null) {
    void speakFor(url, service, relay.status);
  }
  const { code, signal } = await relay.status;
  return signal === null ? code : SIGNALLED + code % SIGNALLED;
}
