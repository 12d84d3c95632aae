/** `deno task backup FILE`: a consistent copy of the store, while the relay runs. @module */
import { StoreUnavailable, StoreUnusable } from "../store/contract.ts";
import { backupStore } from "../store/open.ts";
import { withRelayConfig } from "./beside_relay.ts";
import { COMMON_HELP, EXIT, readArguments, UsageError, userPath } from "./command.ts";

export const name = "backup";

export const summary = "write a consistent copy of the store to a file, while the relay runs";

export const help = `deno task backup FILE

Writes a whole and consistent copy of the store to FILE, synced to disk, as it is: also one that an older coinrelay
wrote. The relay goes on meanwhile. FILE must not be there yet. To restore it: stop the relay, put the store's file and
its -wal and -shm aside, put the copy in its place, and start.

${COMMON_HELP}

Exit code: 0 written, 1 it cannot be written there, 2 the store cannot be read now.`;

export async function run(args: string[]): Promise<number> {
  const { values, words: [word] } = readArguments(args, {}, 1);
  if (word === undefined) throw new UsageError("say which FILE to write");
  const file = userPath(word);
  return await withRelayConfig(values, async ({ config, folder }) => {
    const began = performance.now();
    try {
      await backupStore(config.store, folder, file);
    } catch (error) {
      if (error instanceof StoreUnavailable || error instanceof StoreUnusable || !(error instanceof Error)) {
        throw error;
      }
      const cannot = `Cannot write the backup ${file}: `;
      console.error(error.message.startsWith(cannot) ? error.message : cannot + error.message);
      return EXIT.yourInput;
    }
    const { size } = await Deno.stat(file);
    const seconds = (performance.now() - began) / 1000;
    console.log(
      values.json
        ? JSON.stringify({ file, bytes: size, seconds })
        : `${file}: ${(size / 2 ** 20).toFixed(1)} MiB in ${seconds.toFixed(1)} s`,
    );
    return EXIT.done;
  });
}
