/** What the tests of the sandbox have in common. @module */
import { join } from "@std/path";
import type { Job } from "../../lib/dispatch/contract.ts";
import {
  createPlugins,
  type PluginRoute,
  type Plugins,
  type PluginsOptions,
} from "../../lib/sandbox/plugins.ts";
import type { PluginLine } from "../../lib/sandbox/plugin_log.ts";

/** The project's root. */
export const ROOT = join(import.meta.dirname!, "../..");
/** Plugins that mean harm. */
export const HOSTILE = join(import.meta.dirname!, "hostile");

/** A plugins folder in a folder of its own, with plugins in use. */
export interface House extends AsyncDisposable {
  plugins: Plugins;
  /** Holds `plugins/`; where config.json would be. */
  base: string;
  folder: string;
  logs: (PluginLine & { plugin: string })[];
  /** Whether any plugin logged a line that holds `text`. */
  logged(text: string): boolean;
  /** Writes a file below `base`. */
  write(path: string, text: string): Promise<void>;
}

/**
 * Makes a folder with these plugins (their source by file name, or a path to copy), and runs them.
 *
 * @param options Or what makes them of `base`.
 */
export async function house(
  files: Record<string, string | { copy: string }>,
  options: Partial<PluginsOptions> | ((base: string) => Partial<PluginsOptions>) = {},
): Promise<House> {
  const base = await Deno.makeTempDir({ prefix: "coinrelay-" });
  const folder = join(base, "plugins");
  const logs: House["logs"] = [];
  const write = async (path: string, text: string) => {
    await Deno.mkdir(join(base, path, ".."), { recursive: true });
    await Deno.writeTextFile(join(base, path), text);
  };
  await Deno.mkdir(folder);
  for (const [name, source] of Object.entries(files)) {
    await write(
      join("plugins", name),
      typeof source === "string" ? source : await Deno.readTextFile(source.copy),
    );
  }
  const plugins = await createPlugins({
    folder,
    base,
    onLog: (plugin, line) => logs.push({ ...line, plugin }),
    ...typeof options === "function" ? options(base) : options,
  });
  return {
    plugins,
    base,
    folder: await Deno.realPath(folder),
    logs,
    logged: (text) => logs.some((line) => line.text.includes(text)),
    write,
    async [Symbol.asyncDispose]() {
      await plugins.stop(0);
      await Deno.remove(base, { recursive: true });
    },
  };
}

/** A route that only names its plugin. */
export function route(plugin: string, parts: Partial<PluginRoute> = {}): PluginRoute {
  return { name: plugin, plugin, options: {}, allow: {}, ...parts };
}

let delivery = 0;

/** A job of an event with one change, for a route that bears its plugin's name. */
export function job(plugin: string, parts: Partial<Job> = {}): Job {
  delivery++;
  return {
    plugin,
    route: plugin,
    delivery,
    event: {
      id: `event-${delivery}`,
      type: "cg.coin.info.updated",
      source: "cryptosync",
      receivedAt: "2026-04-13T07:40:00.000Z",
      coin: { id: "genius-3", symbol: "genius", name: "Genius" },
      changes: [{ field: "links.homepage", change_type: "update", new_value: ["https://genius.example"] }],
      data: {},
      test: false,
    },
    attempt: 1,
    idempotencyKey: `key-${delivery}`,
    timeoutMs: 10_000,
    concurrency: 8,
    depth: 0,
    kvGet: () => Promise.resolve(null),
    ...parts,
  };
}
