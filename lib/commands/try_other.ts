/** The other version of a plugin that `deno task try` compares with. @module */
import { existsSync } from "node:fs";
import { basename, join } from "@std/path";
import type { Route } from "../route/resolve.ts";
import type { FoundPlugin } from "../sandbox/catalogue.ts";
import { versionIn } from "../sandbox/dry_plugin.ts";
import type { House } from "../sandbox/house.ts";
import { versionBefore, writeVersion } from "../sandbox/kept_versions.ts";
import { versionNow } from "../sandbox/loader.ts";
import { openTrial, type Trial, type TrialParts } from "../try/trial.ts";
import { UsageError, userPath } from "./command.ts";

/** What is tried. */
export interface TriedVersion {
  parts: TrialParts;
  /** Its route, as it is with another version of the plugin. */
  routeBy(house: House, found: FoundPlugin): Promise<Route>;
}

/** A version to compare with. */
export interface OtherVersion extends AsyncDisposable {
  trial: Pick<Trial, "run">;
  /** In words, for the end of "otherwise than by". */
  name: string;
}

/**
 * Opens a trial of another version of a plugin.
 *
 * @param which A file, or `previous` for the last version in force before the one that is there now.
 * @param keptFolder Where versions are kept; null when they are not.
 * @throws {UsageError} Where there is no such version, or it does not take the same options.
 */
export async function openOther(
  tried: TriedVersion,
  which: string,
  keptFolder: string | null,
): Promise<OtherVersion> {
  return which === "previous" ? await openPrevious(tried, keptFolder) : await openFile(tried, which);
}

async function openFile(tried: TriedVersion, file: string): Promise<OtherVersion> {
  const path = userPath(file);
  if (!existsSync(path)) throw new UsageError(`--diff: there is no ${path}`);
  const trial = await open(tried, path, basename(file));
  return { trial, name: "the other version", [Symbol.asyncDispose]: () => trial[Symbol.asyncDispose]() };
}

async function openPrevious(tried: TriedVersion, keptFolder: string | null): Promise<OtherVersion> {
  const { house, found, route: { plugin } } = tried.parts;
  if (keptFolder === null) {
    throw new UsageError("--diff previous: versions are kept beside an SQLite store only; name a file");
  }
  const kept = versionBefore(keptFolder, plugin, (await versionNow(house, found))?.hash ?? "");
  if (kept === null) {
    throw new UsageError(
      `--diff previous: no version of ${plugin} before this one is known: a relay keeps the last one that was in ` +
        "force when another takes over; else name a file",
    );
  }
  const since = new Date(kept.since).toISOString().replace(/\.\d+Z$/, "Z");
  const name = `the version that came into force at ${since}`;
  if (kept.texts === null) {
    throw new UsageError(`--diff previous: ${name} was too large to be kept; name a file`);
  }
  await using held = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "coinrelay-previous-" });
  held.defer(() => Deno.remove(folder, { recursive: true }));
  await writeVersion(folder, kept.texts);
  const trial = held.use(await open(tried, join(folder, kept.file), name, folder));
  const all = held.move();
  return { trial, name, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

async function open(
  { parts, routeBy }: TriedVersion,
  path: string,
  name: string,
  folder?: string,
): Promise<Trial> {
  const [house, found] = await versionIn(parts.house, parts.route.plugin, path, folder);
  const trial = await openTrial({ ...parts, house, found, route: await routeBy(house, found) });
  const [issue] = trial.issues;
  if (issue === undefined) return trial;
  await trial[Symbol.asyncDispose]();
  throw new UsageError(`--diff: ${name} does not take the same options: ${issue.path} ${issue.message}`);
}
