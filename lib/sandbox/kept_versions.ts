/** The text of the last versions of plugins that were in force, kept beside the store to be compared with. @module */
import { dirname, join, relative } from "@std/path";
import type { PluginVersion } from "./version.ts";
import { isInside } from "./in_folder.ts";
import { writeWhole } from "./write_whole.ts";

/** A version that was in force, or is. */
export interface KeptVersion {
  /** Its hash. */
  version: string;
  /** When it came into force; milliseconds since 1970. */
  since: number;
  /** The plugin's module, relative to the plugins folder. */
  file: string;
  /** Its modules by path, relative to the plugins folder; null for a version that is too large to be kept. */
  texts: Record<string, string> | null;
}

/** Keeps versions as they come into force. */
export interface KeptVersions {
  /** Notes that a version of a plugin is in force, its module at `file` in the plugins folder. */
  inForce(plugin: string, file: string, version: PluginVersion): void;
  /** Forgets all plugins but these. */
  forgetOthers(plugins: readonly string[]): void;
}

/** Keeps nothing. */
export const NOTHING_KEPT: KeptVersions = { inForce() {}, forgetOthers() {} };

/** What a plugin's file holds. */
interface Kept {
  current: KeptVersion;
  previous: KeptVersion | null;
}

/** A version with more text than so many characters is not kept. */
export const MOST_KEPT = 2 ** 20;

/**
 * Keeps the version of each plugin that is in force, and the one before it. What cannot be written is not kept.
 *
 * @param place The folder to keep them in, made where it is not there; readable by the relay's user alone.
 * @param folder The plugins folder. What a plugin imports from elsewhere is not kept.
 */
export function keepVersions(place: string, folder: string, now: () => number): KeptVersions {
  const hashes = new Map<string, string>();
  return {
    inForce(plugin, file, version) {
      if (hashes.get(plugin) === version.hash) return;
      hashes.set(plugin, version.hash);
      const current = read(place, plugin)?.current ?? null;
      if (current?.version === version.hash) return;
      const texts = textsIn(folder, version);
      const kept: Kept = {
        current: { version: version.hash, since: now(), file, texts },
        previous: current,
      };
      try {
        Deno.mkdirSync(place, { recursive: true, mode: 0o700 });
        writeWhole(fileOf(place, plugin), JSON.stringify(kept));
      } catch {
        hashes.delete(plugin);
      }
    },
    forgetOthers(plugins) {
      const wanted = new Set(plugins.map((plugin) => fileOf(place, plugin)));
      try {
        for (const { name } of Deno.readDirSync(place)) {
          const path = join(place, name);
          if (!wanted.has(path)) Deno.removeSync(path);
        }
      } catch {
        // there is nothing to forget
      }
      for (const plugin of hashes.keys()) if (!plugins.includes(plugin)) hashes.delete(plugin);
    },
  };
}

/**
 * The last version of a plugin that was in force and is not the one with this hash; null when none is known.
 *
 * @param place As it was given to {@linkcode keepVersions}.
 */
export function versionBefore(place: string, plugin: string, hash: string): KeptVersion | null {
  const kept = read(place, plugin);
  return kept?.current.version === hash ? kept.previous : kept?.current ?? null;
}

/** Writes a kept version's modules into a folder, as they lay in the plugins folder. */
export async function writeVersion(folder: string, texts: Record<string, string>): Promise<void> {
  for (const [path, text] of Object.entries(texts)) {
    if (!isInside(folder, join(folder, path))) continue;
    await Deno.mkdir(dirname(join(folder, path)), { recursive: true });
    await Deno.writeTextFile(join(folder, path), text);
  }
}

function textsIn(folder: string, { files }: PluginVersion): Record<string, string> | null {
  const texts: Record<string, string> = {};
  let size = 0;
  for (const [file, text] of files) {
    if (text === null || !isInside(folder, file)) continue;
    texts[relative(folder, file)] = text;
    size += text.length;
  }
  return size > MOST_KEPT ? null : texts;
}

const fileOf = (place: string, plugin: string) => join(place, `${plugin}.json`);

function read(place: string, plugin: string): Kept | null {
  try {
    const kept = JSON.parse(Deno.readTextFileSync(fileOf(place, plugin))) as Kept;
    return typeof kept.current.version === "string" ? kept : null;
  } catch {
    return null;
  }
}
