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
  /** What the last version of this plugin that loaded said, whatever that version was; null when none is known. */
  last(found: FoundPlugin): PluginDescription | null;
  /** Keeps what the plugins that are there said when they last loaded, and forgets all others. */
  keep(descriptions: readonly PluginDescription[]): void;
}

/** Knows nothing. */
export const NOTHING_KNOWN: KnownPlugins = {
  find: () => null,
  ranByItself: () => false,
  last: () => null,
  keep() {},
};

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
  /** As the file has them now. */
  let latest = all.plugins;

  return {
    find({ name, file, mistake }, version) {
      const known = knownOf(kept, name);
      if (mistake !== null || known?.version !== version || known.file !== file) return null;
      return described(name, file, version, known);
    },
    ranByItself(name) {
      const known = knownOf(all.plugins, name);
      return known !== null && !known.needsOptions && known.filters["fields"] !== undefined;
    },
    last({ name, file }) {
      const known = knownOf(latest, name);
      return known && described(name, file, known.version, known);
    },
    keep(descriptions) {
      const plugins: Record<string, unknown> = {};
      for (const one of descriptions) {
        const before = knownOf(latest, one.name);
        if (one.usable && one.error === null) plugins[one.name] = one;
        // What another program described is looked at anew should it come back.
        else if (before !== null) plugins[one.name] = all.by === by ? before : { ...before, version: "" };
      }
      const now = JSON.stringify({ by, plugins });
      if (now === text) return;
      text = now;
      latest = parse(now).plugins;
      try {
        writeWhole(file, now);
      } catch {
        // The next start loads them.
      }
    },
  };
}

function knownOf(plugins: Kept["plugins"], name: string): Kept["plugins"][string] | null {
  return Object.hasOwn(plugins, name) ? plugins[name]! : null;
}

/** Null for what is not right: somebody may have written into the file. */
function described(
  name: string,
  file: string,
  version: string,
  known: Kept["plugins"][string],
): PluginDescription | null {
  try {
    return describe(name, file, version, known);
  } catch {
    return null;
  }
}

function parse(text: string): Kept {
  try {
    const { by, plugins } = JSON.parse(text) as Partial<Kept>;
    return { by: by ?? "", plugins: plugins ?? {} };
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
