/** Where a store is, read from its URL alone: what of the machine and the network it takes. @module */
import { dirname, resolve } from "@std/path";
import { filesFrom, readSettings, type Settings } from "./postgres/settings.ts";

/** Where a store is. Paths are absolute. */
export interface StorePlace {
  /** The store's own files, in whose folders it makes them; empty when a server keeps it. */
  files: string[];
  /** Where the relay may keep files of its own; null when a server keeps the store. */
  folder: string | null;
  /** The server, as `host:port`; empty when there is none, or it is reached by a socket. */
  net: string[];
  /** The server's UNIX socket; null when it is reached otherwise. */
  socket: string | null;
  /** Certificates to read. */
  certificates: string[];
  /** The relay's own key to read; null when it has none. */
  key: string | null;
}

/** What a store's URL begins with. Null: no engine keeps such a store. */
export function readUrl(url: string): { engine: "sqlite"; file: string } | { engine: "postgres" } | null {
  const [, engine, rest] = /^(\w+):(.+)$/s.exec(url) ?? [];
  if (rest === undefined) return null;
  if (engine === "sqlite") return { engine, file: rest };
  return engine === "postgres" || engine === "postgresql" ? { engine: "postgres" } : null;
}

/**
 * Where the store is that `url` names; relative files are taken from `folder`. Nowhere, when the URL is wrong: whoever
 * opens the store is told.
 */
export function placeOf(url: string, folder: string): StorePlace {
  const nowhere: StorePlace = { files: [], folder: null, net: [], socket: null, certificates: [], key: null };
  const named = readUrl(url);
  if (named === null) return nowhere;
  if (named.engine === "sqlite") {
    const file = resolve(folder, named.file);
    return { ...nowhere, folder: dirname(file), files: ["", "-wal", "-shm"].map((ending) => file + ending) };
  }
  try {
    return { ...nowhere, ...serverOf(filesFrom(readSettings(url), folder)) };
  } catch {
    return nowhere;
  }
}

function serverOf(
  { host, port, sslrootcert, sslcert, sslkey }: Settings,
): Omit<StorePlace, "files" | "folder"> {
  const read = { certificates: [sslrootcert, sslcert].filter((file) => file !== null), key: sslkey };
  if (host.startsWith("/")) return { net: [], socket: `${host}/.s.PGSQL.${port}`, ...read };
  return { net: [`${host.includes(":") ? `[${host}]` : host}:${port}`], socket: null, ...read };
}
