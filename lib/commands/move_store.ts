/** `deno task move-store`: copies a store to another place, while no relay runs. @module */
import { dirname } from "@std/path";
import { type Environment, substitute } from "../config/environment.ts";
import { environmentOf, loadConfig } from "../config/load.ts";
import { maskText } from "../config/mask.ts";
import { secretsIn } from "../config/secrets.ts";
import { moveStore, type OnProgress } from "../store/move.ts";
import { openTransfer } from "../store/open.ts";
import { placeOf } from "../store/place.ts";
import { tellOfStore } from "./beside_relay.ts";
import { COMMON_HELP, configFile, EXIT, readArguments, UsageError, userPath } from "./command.ts";
import { createProgress, table } from "./terminal.ts";

export const name = "move-store";

export const summary =
  "copy the store to another place, such as from SQLite to PostgreSQL, while no relay runs";

export const help = `deno task move-store --to URL [--from URL]

Copies all events, deliveries, attempts, remembered ids and what routes remember, with their numbers, and compares the
two by counts and hashes. Stop all relays first. Only when both are alike can relays use the copy, and from then on they
refuse the original, so that nothing is acted on twice; then set "store" in config.json to the copy. What a crash left
running waits there for its next attempt. The original can be kept, deleted, or moved from again.

An interrupted move is begun again by the same command, and goes on where it was.

  --to URL             where to: sqlite:FILE or postgres://user:password@host/database
  --from URL           where from (default: the config's store)

\${NAME} in a URL is taken from the environment or .env, so that no password is on the command line.

${COMMON_HELP}

Example
  deno task move-store --to '\${DATABASE_URL}'

Exit code: 0 moved, 1 it cannot be moved there or from there, 2 the database failed; try again.`;

export async function run(args: string[]): Promise<number> {
  const { values } = readArguments(args, { from: "text", to: "text" });
  if (values.to === undefined) throw new UsageError("say where --to");
  const file = configFile(values);
  const environment = environmentOf(file, Deno.env.toObject());
  const to = substituted("--to", values.to, environment);
  const from = values.from === undefined ? null : substituted("--from", values.from, environment);
  const source = from ?? loadConfig(file, Deno.env.toObject()).store;
  const folder = from === null ? dirname(file) : userPath(".");
  if (isSame(source, folder, to)) {
    throw new UsageError(
      "--to: that is the store that is to be moved. Name another place, and leave this one alone",
    );
  }
  const began = performance.now();
  const progress = createProgress();
  const onProgress: OnProgress = (doing, part, rows, of) =>
    progress.show(`${doing} ${part}: ${rows} of ${of} (${Math.floor(100 * rows / Math.max(1, of))} %)`);
  try {
    await using original = await openTransfer(source, folder, false);
    await using copy = await openTransfer(to, userPath("."), true);
    const tallies = await moveStore(original, copy, onProgress);
    progress.clear();
    const seconds = (performance.now() - began) / 1000;
    if (values.json) {
      console.log(JSON.stringify({ seconds, parts: tallies }));
    } else {
      console.log(table([
        ["", "rows", "hash"],
        ...tallies.map(({ part, rows, hash }) => [part, String(rows), hash.slice(0, 16)]),
      ]));
      console.log(
        `\nMoved in ${
          seconds.toFixed(1)
        } s, and alike. Now set "store" in config.json, and start the relay: it refuses the original from now on.`,
      );
    }
    return EXIT.done;
  } catch (error) {
    progress.clear();
    return tellOfStore(error, (text) => maskText(text, secretsIn([to, source], [])));
  }
}

/** Whether `to`, from where the user stands, is the store `source`, as far as the URLs tell. */
function isSame(source: string, folder: string, to: string): boolean {
  const [moved] = placeOf(source, folder).files;
  const [place] = placeOf(to, userPath(".")).files;
  return moved === undefined ? source === to : moved === place;
}

/** A URL with its `${NAME}` replaced. */
function substituted(flag: string, url: string, environment: Environment): string {
  const { value, mistakes: [mistake] } = substitute(url, environment);
  if (mistake === undefined) return String(value);
  const { problem, hint, permitted } = mistake;
  throw new UsageError(`${flag}: ${problem}: ${hint ?? `permitted: ${permitted}`}`);
}
