/** A relay as `deno task start` starts it: by its launcher, with its permissions and no more. @module */
import { fromFileUrl, join } from "@std/path";
import { LAUNCHER } from "../support/launcher.ts";
import { signedRequest } from "../support/signed_request.ts";
import { until } from "../support/until.ts";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));
const SECRET = "whsec_of_the_launched_relay";

/** A folder with a config and one plugin that says whom it met. */
export async function makeFolder(changes: Record<string, unknown> = {}): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "coinrelay-launch-" });
  await Deno.mkdir(join(folder, "plugins"));
  await Deno.writeTextFile(
    join(folder, "plugins", "greet.ts"),
    'export default { fields: ["name"], run({ coin }) { console.log("met", coin.id); } };',
  );
  await writeConfig(folder, changes);
  return folder;
}

/** Writes the folder's config anew. */
export async function writeConfig(folder: string, changes: Record<string, unknown> = {}): Promise<void> {
  await Deno.writeTextFile(
    join(folder, "config.json"),
    JSON.stringify({
      server: { hostname: "127.0.0.1", port: 0 },
      admin: { hostname: "127.0.0.1", port: 0 },
      sources: [{ name: "cryptosync", secrets: [SECRET] }],
      ...changes,
    }),
  );
}

/** The flags that the launcher gives a relay with this config. */
export async function flagsFor(configFile: string): Promise<string[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: [...LAUNCHER, "start", "--config", configFile, "--show-permissions"],
  }).output();
  return new TextDecoder().decode(stdout).trim().split("\n");
}

/** A relay that was started, by its launcher or with flags of the test's own. */
export type Started = ReturnType<typeof start>;

/** Starts a relay. With `flags` it is started directly, else by the launcher. `env` is added to its environment. */
export function start(
  configFile: string,
  flags: readonly string[] | null = null,
  env: Record<string, string> = {},
) {
  const args = flags === null
    ? LAUNCHER
    : ["run", "--quiet", `--import-map=${ROOT}.imports.json`, ...flags, `${ROOT}main.ts`];
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args, "start", "--config", configFile, "--log", "json"],
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let said = "";
  const read = async (stream: ReadableStream<Uint8Array>) => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) said += text;
  };
  const reading = Promise.all([read(child.stdout), read(child.stderr)]);
  let ended = false;
  const status = Promise.all([child.status, reading]).then(([status]) => {
    ended = true;
    return status;
  });
  const find = (pattern: RegExp) =>
    until(`it says ${pattern}`, () => {
      const found = pattern.exec(said);
      if (found === null && ended) throw new Error(`It ended:\n${said}`);
      return found;
    });
  return {
    child,
    status,
    /** All that it has said. */
    said: () => said,
    find,
    /** Where it listens. */
    async url() {
      return (await find(/listening on (http:[^"]+)"/))[1]!;
    },
    async adminUrl() {
      return (await find(/dashboard at (http:[^"]+)\/"/))[1]!;
    },
    /** Sends an event and waits until the plugin has met its coin. */
    async meet(coin: string) {
      const body = JSON.stringify({
        event_type: "cg.coin.info.updated",
        data: { id: coin, changes: [{ field: "name", change_type: "update", new_value: "x" }] },
      });
      const response = await fetch(`${await this.url()}/webhook`, signedRequest({ secret: SECRET, body }));
      const { status } = await response.json();
      if (status !== "accepted") throw new Error(`The event was answered ${status}:\n${said}`);
      await find(new RegExp(`met ${coin}`));
    },
    async [Symbol.asyncDispose]() {
      try {
        if (!ended) child.kill("SIGTERM");
      } catch {
        // it has ended, and what it wrote is still being read
      }
      await status;
    },
  };
}
