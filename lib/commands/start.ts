/** `deno task start`: runs the relay until it is told to stop. @module */
import { loadConfigApart } from "../config/load_apart.ts";
import { isEveryAddress } from "../config/local_url.ts";
import type { Config } from "../config/schema.ts";
import { createSecretMemory } from "../config/secrets.ts";
import { watchConfig } from "../config/watch.ts";
import { launcherEnded } from "../launch/launched.ts";
import { lookupsOf } from "../launch/lookups.ts";
import { configureLog, logOf, usualFormat } from "../log.ts";
import { messageOf } from "../message_of.ts";
import type { Json } from "../nouns.ts";
import { CannotListen } from "../relay/listen.ts";
import type { Relay } from "../relay.ts";
import { exitAtSignals } from "../sandbox/end_with_us.ts";
import { StoreUnusable } from "../store/contract.ts";
import { COMMON_HELP, configFile, EXIT, readArguments, UsageError } from "./command.ts";
import { CannotMake, type FirstStart, firstStart, isAsFirstMade, nextSteps } from "./first_start.ts";

/** How long a stop waits for requests and attempts under way: less than the ten seconds that Docker grants. */
const GRACE_MS = 8000;

export const name = "start";
export const summary = "run the relay";
export const help =
  `Runs the relay until SIGTERM or SIGINT. The first time it makes config.json and a signing secret.

  deno task start [--config FILE] [--log text|json] [--verbose] [--show-permissions]

  --log text|json      how the log is written (default: text on a terminal, json otherwise)
  --verbose            log the small things too
  --show-permissions   print what of Deno's permissions the relay would get, and start nothing
${COMMON_HELP}`;

export async function run(args: string[]): Promise<number> {
  const { values } = readArguments(args, { log: "text", verbose: "switch", "show-permissions": "switch" });
  if (values["show-permissions"]) {
    throw new UsageError("--show-permissions is answered by `deno task start` alone, which gives them");
  }
  const format = logFormat(values);
  const file = configFile(values);
  const environment = Deno.env.toObject();
  let first: FirstStart | null;
  try {
    first = firstStart(file, environment);
  } catch (error) {
    if (!(error instanceof CannotMake)) throw error;
    console.error(error.message);
    return EXIT.yourInput;
  }
  const [config, { startRelay }] = await Promise.all([
    loadConfigApart(file, environment),
    import("../relay.ts"), // meanwhile
  ]);
  const secretsOf = createSecretMemory();
  const setLog = (config: Config) =>
    configureLog({
      ...(format && { format }),
      level: values.verbose ? "debug" : "info",
      secrets: secretsOf(config),
    });
  setLog(config);

  const starting = exitAtSignals(); // a plugin that hangs is waited for
  let relay: Relay;
  try {
    relay = await startRelay(config, file);
  } catch (error) {
    const told = explainStart(error);
    if (told === null) throw error;
    console.error(told);
    return EXIT.yourInput;
  }
  outliveFileSizeLimit();
  // The start that made the config may have failed, a port being taken say, and told nothing.
  const isForPerson = (format ?? usualFormat()) === "text";
  const isBeginning = isForPerson && isAsFirstMade(config, file, environment) && await relay.isUnused();
  const log = logOf("relay");
  log.info(`listening on ${relay.url}`, {
    sources: config.sources.map(({ path }) => path).join(" "),
    ...reachableAt(config.server),
  });
  log.info(`dashboard at ${relay.adminUrl}/`, reachableAt(config.admin));
  if (first) console.log(`\n${first(config)}\n`);
  else if (isBeginning) console.log(`\n${nextSteps(config, environment)}\n`);

  const watching = watchConfig(file, async (news) => {
    if (news.error) {
      relay.refuseConfig(news.error.message);
      log.error(`the changed config is not right, the running one stays in force:\n${news.error.message}`);
      return;
    }
    try {
      setLog(news.config);
      const waiting = [...await relay.reconfigure(news.config), ...notAllowed(news.config)];
      log.info("the changed config is in force");
      if (waiting.length > 0) log.warn(`takes effect at the next start: ${waiting.join(", ")}`);
    } catch (error) {
      relay.refuseConfig(`It cannot be put in force: ${messageOf(error)}`);
      log.error(`the changed config cannot be put in force, the one before stays: ${messageOf(error)}`);
    }
  });
  const signalled = stopSignal();
  starting[Symbol.dispose]();
  await Promise.race([signalled, launcherEnded()]);
  log.info("stopping; a second signal ends at once");
  watching.stop();
  await relay.stop(GRACE_MS);
  log.info("stopped");
  return EXIT.done;
}

/** The hosts that a config has the relay look up, and that this process may not: it was launched for another config. */
function notAllowed(config: Config): string[] {
  return lookupsOf(config.routes as unknown as Json).flatMap((host) =>
    isGranted(host) ? [] : [`reaching ${host}, should its address be private`]
  );
}

function isGranted(host: string): boolean {
  try {
    return Deno.permissions.querySync({ name: "net", host }).state === "granted";
  } catch {
    return true; // no host at all: its route tells so
  }
}

function logFormat({ log, json }: { log?: string; json?: boolean }): "text" | "json" | undefined {
  if (log !== undefined && log !== "text" && log !== "json") throw new UsageError("--log takes text or json");
  return log ?? (json ? "json" : undefined);
}

/** Resolves at the first SIGTERM or SIGINT; the second ends the process at once. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    let signals = 0;
    const onSignal = () => {
      if (++signals > 1) Deno.exit(EXIT.ours);
      resolve();
    };
    Deno.addSignalListener("SIGINT", onSignal);
    if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", onSignal);
  });
}

/** A write beyond a limit of the file size (`ulimit -f`) fails like any other, instead of ending the process. */
function outliveFileSizeLimit() {
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGXFSZ", () => {});
}

/** What hinders the start, for a person; null when it is a fault of ours. */
function explainStart(error: unknown): string | null {
  if (error instanceof StoreUnusable) return error.message;
  if (error instanceof CannotListen) {
    return error.cause instanceof Deno.errors.AddrInUse
      ? `Cannot listen at ${error.address}: another program has it. ` +
        "Stop that one (is a relay running already?), or change server.port or admin.port in config.json."
      : `${error.message}. Check server and admin in config.json: a port below 1024 needs rights, ` +
        "and the hostname must be an address of this machine.";
  }
  return null;
}

/** For the log: a URL of this machine hides that others reach a listener. */
function reachableAt({ hostname }: { hostname: string }): Record<string, string> {
  return isEveryAddress(hostname) ? { reachable: "at every address of this machine" } : {};
}
