/** Looks at the plugins of a config for a moment, as a relay would, and runs none. @module */
import { dirname, join } from "@std/path";
import { dotenvFile } from "../config/environment.ts";
import { exitAtSignals } from "../sandbox/end_with_us.ts";
import { createPlugins, type Plugins } from "../sandbox/plugins.ts";

/**
 * Loads each plugin of a folder once, hands them to `use`, and ends their processes. What they print is for nobody.
 *
 * @param configFile The config's, which they must not read; relative paths begin beside it.
 * @throws {Deno.errors.NotFound} When there is no such folder; other errors of the system's when it cannot be read.
 */
export async function withPlugins<T>(
  configFile: string,
  pluginsDir: string,
  use: (plugins: Plugins) => T | Promise<T>,
): Promise<T> {
  for (const _ of Deno.readDirSync(pluginsDir)) break; // a folder that cannot be read must not look empty
  using _ = exitAtSignals(); // who waits for a plugin that hangs presses Ctrl+C
  const base = dirname(configFile);
  const plugins = await createPlugins({
    folder: pluginsDir,
    base,
    hidden: [configFile, join(base, "config.json"), dotenvFile(configFile)],
    onLog: () => {},
  });
  try {
    return await use(plugins);
  } finally {
    await plugins.stop(0);
  }
}
