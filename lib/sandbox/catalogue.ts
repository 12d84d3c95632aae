/** Finds the plugins in a folder. @module */
import { join, relative } from "@std/path";
import { isInside } from "./in_folder.ts";

/** A plugin that is there, whether or not it can be used. */
export interface FoundPlugin {
  name: string;
  /** Its module, relative to the plugins folder. */
  file: string;
  /** Why it is not to be used; null when nothing speaks against it. */
  mistake: string | null;
}

/** What a plugins folder holds. */
export interface Catalogue {
  /** By name. */
  plugins: FoundPlugin[];
  /**
   * Symbolic links that lead out of the folder, as absolute paths: no plugin may follow them. A folder that cannot be
   * listed counts as one, since it may hold some.
   */
  strayLinks: string[];
}

const NO_PLUGIN = /^[_.]|[_.]test\.(ts|js)$|\.d\.ts$|^node_modules$/;
/** How modules are called that are no plugins, though their authors may take them for some. */
const OTHER_MODULE = /\.(mts|cts|mjs|cjs|tsx|jsx)$/;
const INDEX = /\/index\.(ts|js)$/;
const isMeant = (file: string) => !OTHER_MODULE.test(file) && !INDEX.test(file);
const NAME = /^[a-z0-9_-]+$/i;

/** Where a plugin's module may be, of what is in the folder; the last two are mistakes. */
const CANDIDATES = ["", "/mod.ts", "/mod.js", "/index.ts", "/index.js"];

/**
 * Lists the plugins in `folder` (a real path): `NAME.ts`, `NAME.js`, or a folder with a `mod.ts`. What begins with `_`
 * or `.`, tests and type declarations are no plugins. What its author may take for one is listed with its mistake.
 *
 * @throws When the folder cannot be read.
 */
export function readCatalogue(folder: string): Catalogue {
  const strayLinks = linksOut(folder, folder);
  const plugins = new Map<string, FoundPlugin>();
  for (const { name: entry } of Deno.readDirSync(folder)) {
    if (NO_PLUGIN.test(entry)) continue;
    const file = CANDIDATES.map((inside) => entry + inside)
      .find((path) =>
        (/\.(ts|js)$/.test(path) || path === entry && OTHER_MODULE.test(path)) &&
        isFile(join(folder, path))
      );
    if (file === undefined) continue;
    const name = file === entry ? entry.replace(/\.\w+$/, "") : entry;
    const named = plugins.get(name);
    if (named !== undefined && !isMeant(file)) continue; // a helper of that plugin
    const other = named !== undefined && isMeant(named.file) ? named : undefined;
    const stray = strayLinks.some((link) => link === join(folder, entry) || link === join(folder, file));
    const unnameable = strayLinks.find((link) =>
      !isNameable(link) && link.startsWith(join(folder, entry, "/"))
    );
    const mistake = other !== undefined
      ? `is there twice, as ${other.file} and as ${file}: remove one of them`
      : stray
      ? "is a symbolic link that leads out of the plugins folder: copy what it leads to into the folder"
      : unnameable !== undefined
      ? `holds ${
        relative(folder, unnameable)
      }, a link that leads out of the plugins folder and has a comma in its ` +
        "name, so that it cannot be hidden: rename or remove it"
      : !NAME.test(name)
      ? "its name may hold only letters, digits, _ and -: rename it"
      : OTHER_MODULE.test(file)
      ? "a plugin's file ends in .ts or .js: rename it"
      : INDEX.test(file)
      ? "a plugin's folder has a mod.ts, no index.ts: rename that, or begin the folder's name with _"
      : isReadable(join(folder, file))
      ? null
      : "may not be read by the user that the relay runs as: change its mode or its owner";
    plugins.set(name, { name, file, mistake });
  }
  return { plugins: [...plugins.values()].toSorted((a, b) => a.name < b.name ? -1 : 1), strayLinks };
}

/** Whether Deno can be told to deny a path: it takes a comma for the end of one. */
export function isNameable(path: string): boolean {
  return !path.includes(",");
}

/**
 * What plugins may read: the plugins folder; where a link in it cannot be denied, all that is in it but for what has a
 * comma in its name, or holds such a link.
 */
export function readableIn(folder: string, strayLinks: readonly string[]): string[] {
  const unnameable = strayLinks.filter((link) => !isNameable(link));
  if (unnameable.length === 0) return [folder];
  return [...Deno.readDirSync(folder)].map(({ name }) => join(folder, name)).filter((path) =>
    isNameable(path) && !unnameable.some((link) => link.startsWith(`${path}/`))
  );
}

/** The symbolic links below `path` that lead out of `folder`. Where a link leads is not walked. */
function linksOut(folder: string, path: string): string[] {
  return entriesOf(path)?.flatMap((entry) => {
    const at = join(path, entry.name);
    if (entry.isDirectory) return linksOut(folder, at);
    return entry.isSymlink && !leadsInside(folder, at) ? [at] : [];
  }) ?? [path];
}

/** Null where the folder cannot be listed. */
function entriesOf(path: string): Deno.DirEntry[] | null {
  try {
    return [...Deno.readDirSync(path)];
  } catch (error) {
    return error instanceof Deno.errors.NotFound ? [] : null;
  }
}

function leadsInside(folder: string, link: string): boolean {
  try {
    return isInside(folder, Deno.realPathSync(link));
  } catch {
    return false; // leads nowhere, now
  }
}

/** Also what is gone by now. */
function isReadable(path: string): boolean {
  try {
    Deno.openSync(path).close();
    return true;
  } catch (error) {
    return error instanceof Deno.errors.NotFound;
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
