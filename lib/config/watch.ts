/** Notices when config.json or its `.env` changes. @module */
import { basename, dirname, resolve } from "@std/path";
import { dotenvFile, type Environment } from "./environment.ts";
import { loadConfigApart } from "./load_apart.ts";
import { ConfigError } from "./mistake.ts";
import type { Config } from "./schema.ts";
import { messageOf } from "../message_of.ts";

/** What a change came to: a config to put in force, or an error to show while the old one stays in force. */
export type ConfigChange = { config: Config; error?: never } | { config?: never; error: ConfigError };

/** How the file is watched. */
export interface WatchOptions {
  /** Taken anew at each change. Default: the process's own environment. */
  environment?: () => Environment;
  /** Changes that come closer together count as one. In milliseconds; default: 100. */
  settleMs?: number;
  /** How often the files are looked at where the system tells nothing (network folders, mounted files). Default: 2000. */
  pollMs?: number;
}

/** Ends the watching. */
export interface ConfigWatch extends Disposable {
  stop(): void;
}

/**
 * Calls `onChange` after each change of `file` or of the `.env` beside it, once it has settled: also when the file is
 * replaced by another, appears again, or is a symbolic link that is turned to another target. What is written but says
 * the same as before is no change. Does nothing else. What `onChange` promises is waited for before the next call; it must
 * not reject.
 */
export function watchConfig(
  file: string,
  onChange: (change: ConfigChange) => void | Promise<void>,
  { environment = () => Deno.env.toObject(), settleMs = 100, pollMs = 2000 }: WatchOptions = {},
): ConfigWatch {
  const path = resolve(file);
  const watched = [path, resolve(dotenvFile(path))];
  let before = fingerprint(watched);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let reloading: Promise<void> = Promise.resolve();
  let stopped = false;

  const look = () => {
    timer = undefined;
    const now = fingerprint(watched);
    if (now === before) return;
    before = now;
    // One after the other: what was written last must be told last.
    reloading = reloading.then(() => reload(path, environment())).then((change) => {
      if (!stopped) return onChange(change);
    });
  };
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(look, settleMs);
  };

  const names = new Set(watched.map((one) => basename(one)));
  // The folder, not the files: a file that is replaced takes its watch with it. What links lead to may lie elsewhere,
  // and some file systems tell nothing, so the files are also looked at now and then.
  const folder = watchFolder(
    dirname(path),
    (changed) => changed.some((one) => names.has(basename(one))) && soon(),
  );
  const poll = setInterval(() => timer === undefined && fingerprint(watched) !== before && soon(), pollMs);
  const stop = () => {
    stopped = true;
    folder?.close();
    clearInterval(poll);
    clearTimeout(timer);
  };
  return { stop, [Symbol.dispose]: stop };
}

/** What the files say; a file that is not there says nothing. */
function fingerprint(files: readonly string[]): string {
  return files.map((file) => {
    try {
      return `+${Deno.readTextFileSync(file)}`;
    } catch (error) {
      return `-${error instanceof Error ? error.name : ""}`;
    }
  }).join("\0");
}

async function reload(file: string, environment: Environment): Promise<ConfigChange> {
  try {
    return { config: await loadConfigApart(file, environment) };
  } catch (error) {
    if (error instanceof ConfigError) return { error };
    const problem = `cannot be read: ${messageOf(error)}`;
    return { error: new ConfigError(file, [{ path: "", problem }]) }; // a watcher must not bring the relay down
  }
}

/** Null where the system cannot watch the folder; then only the looking now and then is left. */
function watchFolder(folder: string, onEvent: (paths: readonly string[]) => void): Deno.FsWatcher | null {
  let watcher: Deno.FsWatcher;
  try {
    watcher = Deno.watchFs(folder, { recursive: false });
  } catch {
    return null;
  }
  (async () => {
    for await (const { paths } of watcher) onEvent(paths);
  })().catch(() => {}); // a folder that vanishes ends the watch; the looking goes on
  return watcher;
}
