/** Loads a plugin as its files are now, into a process of its own. @module */
import { join, relative } from "@std/path";
import type { FoundPlugin } from "./catalogue.ts";
import { describe, type PluginDescription } from "./description.ts";
import type { Grant } from "./grants.ts";
import type { House } from "./house.ts";
import { LoadFailure } from "./load_failure.ts";
import type { PluginProcess } from "./process.ts";
import type { ProcessListeners } from "./process_spec.ts";
import type { DryGrants } from "./protocol.ts";
import { startProcess } from "./start_process.ts";
import { fetchImports } from "./tools.ts";
import { type PluginVersion, readVersion } from "./version.ts";
import { messageOf } from "../message_of.ts";

/** A process with what loaded in it. */
export interface LoadedPlugin {
  process: PluginProcess;
  description: PluginDescription;
  /** What was loaded; null when it could not be read at the time. */
  version: PluginVersion | null;
}

/** A file that changes while it is loaded is loaded again, but not for ever. */
const TRIES = 5;

/**
 * Loads a plugin. Packages that it imports and that are not there are fetched, once.
 *
 * @param signal Gives up, and ends the process.
 * @param dry For a dry run: what leads out is recorded.
 * @throws {LoadFailure} Where the plugin cannot be loaded.
 */
export async function loadPlugin(
  house: House,
  found: FoundPlugin,
  grants: readonly Grant[],
  listeners: ProcessListeners,
  signal: AbortSignal,
  dry: DryGrants | null = null,
): Promise<LoadedPlugin> {
  const module = modulePath(house, found);
  let fetched = false;
  for (let tries = 1;; tries++) {
    const before = await versionNow(house, found);
    if (signal.aborted) throw new LoadFailure("import", "the relay stops");
    const process = await startProcess(house, found.name, module, grants, listeners, dry).catch((error) => {
      throw new LoadFailure("import", `its process could not be started: ${messageOf(error)}`, {
        passing: true,
      });
    });
    const giveUp = () => process.kill("was stopped", { orderly: true });
    signal.addEventListener("abort", giveUp);
    const settled = async () => tries >= TRIES || (await versionNow(house, found))?.hash === before?.hash;
    try {
      const shape = await process.loaded;
      if (await settled()) {
        const description = describe(found.name, found.file, before?.hash ?? "", shape);
        return { process, description, version: before };
      }
      process.kill("changed while it was loaded", { orderly: true });
    } catch (error) {
      process.kill("could not be loaded", { orderly: true });
      if (!await settled()) continue;
      if (fetched || !(error instanceof LoadFailure) || !isMissingPackage(error)) throw error;
      fetched = true;
      const [first] = await fetchImports(house.paths, module);
      if (first !== undefined) {
        const file = first.file && relative(house.paths.folder, first.file);
        throw new LoadFailure("import", first.message, { file, line: first.line, passing: true });
      }
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
  }
}

/** The version of a plugin that is in the folder now; null while it cannot be read, as when it is being replaced. */
export async function versionNow(house: House, found: FoundPlugin): Promise<PluginVersion | null> {
  try {
    return await readVersion(modulePath(house, found));
  } catch {
    return null;
  }
}

/** Where a plugin's module is. */
export function modulePath(house: House, { file }: FoundPlugin): string {
  return join(house.paths.folder, file);
}

function isMissingPackage({ message }: LoadFailure): boolean {
  return /--cached-only|not found in cache|lockfile is out of date|npm package|^Failed loading .* for package/i
    .test(message);
}
