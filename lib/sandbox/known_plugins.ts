/** What plugins have said of themselves, kept from one start to the next. @module */
import { join } from "@std/path";
import { PROJECT } from "../project.ts";
import type { FoundPlugin } from "./catalogue.ts";
import { describe, type PluginDescription } from "./description.ts";
import type { PluginShape } from "./protocol.ts";
import { readVersion } from "./version.ts";
import { writeWhole } from "./write_whole.ts";

/** Descriptions of versions that have loaded, so that a start need not load them to know them. */
export interface KnownPlugins {
  /** What is known of a version; null when it must be loaded. */
  find(found: FoundPlugin, version: string): PluginDescription | null;
  /** Whether a plugin of this name ran without a route of config.json, whatever described it. */
  ranByItself(name: string): boolean;
  /** Keeps the descriptions of plugins that load, and forgets all others. */
  keep(descriptions: readonly PluginDescription[]): void;
}

/** Knows nothing. */
export const NOTHING_KNOWN: KnownPlugins = { find: () => null, ranByItself: () => false, keep() {} };

/** What the file holds. */
interface Kept {
  /** What described them: another program or runtime may describe the same files in another way. */
  by: string;
  plugins: Record<string, PluginShape & { file: string; version: string }>;
}

/**
 * Reads what was kept. A file that is not there, not readable or not right is as one that knows nothing.
 *
 * @param file Where it is kept, readable by the relay's user alone.
 */
export async function recallPlugins(file: string): Promise<KnownPlugins> {
  const by = [
    Deno.version.deno,
    ...await Promise.all(
      ["lib/plugin.ts", "lib/sandbox/bootstrap.ts"].map(async (path) =>
        (await readVersion(join(PROJECT, path))).hash
      ),
    ),
  ].join(" ");
  let text = readIfThere(file);
  const all = parse(text);
  const kept = all.by === by ? all.plugins : {};

  return {
    find({ name, file, mistake }, version) {
      const known = Object.hasOwn(kept, name) ? kept[name]! : null;
      if (mistake !== null || known?.version !== version || known.file !== file) return null;
      try {
        return describe(name, file, version, known);
      } catch {
        return null;
      }
    },
    ranByItself(name) {
      const known = Object.hasOwn(all.plugins, name) ? all.plugins[name]! : null;
      return known !== null && !known.needsOptions && known.filters["fields"] !== undefined;
    },
    keep(descriptions) {
      const plugins = descriptions.filter(({ usable, error }) => usable && error === null)
        .map((one) => [one.name, one] as const);
      const now = JSON.stringify({ by, plugins: Object.fromEntries(plugins) });
      if (now === text) return;
      text = now;
      try {
        writeWhole(file, now);
      } catch {
        // The next start loads them.
      }
    },
  };
}

function parse(text: string): Kept {
  try {
    const { by, plugins = {} } = JSON.parse(text) as Partial<Kept>;
    return { by: by ?? "", plugins };
  } catch {
    return { by: "", plugins: {} };
  }
}

function readIfThere(file: string): string {
  try {
    return Deno.readTextFileSync(file);
  } catch {
    return "";
  }
}
