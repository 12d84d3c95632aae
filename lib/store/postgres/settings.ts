/** What a PostgreSQL URL says. @module */
import { resolve } from "@std/path";
import { isLoopback } from "../../config/loopback.ts";
import { nearOrAll } from "../../config/suggest.ts";
import { StoreUnusable } from "../contract.ts";

/** How the connection is secured: not at all, encrypted, or encrypted to a server that proves its name. */
export type SslMode = "disable" | "require" | "verify-full";

/** How to reach a database, and how much of it to use. */
export interface Settings {
  /** A host name or address; a folder when it begins with a slash: the server's UNIX socket is in it. */
  host: string;
  port: number;
  database: string;
  user: string;
  password: string;
  sslmode: SslMode;
  /** Files with certificates (PEM): of the authority to trust, and of the relay itself with its key. */
  sslrootcert: string | null;
  sslcert: string | null;
  sslkey: string | null;
  /** The schema that holds the relay's tables. */
  schema: string;
  /** Most connections of one relay; one more listens. */
  connections: number;
  /** Longest that one statement may take, in milliseconds. */
  timeoutMs: number;
  /** Names the database in messages, without its password. */
  label: string;
}

const SSL_MODES: readonly SslMode[] = ["disable", "require", "verify-full"];
const PARAMETERS = [
  "sslmode",
  "sslrootcert",
  "sslcert",
  "sslkey",
  "schema",
  "connections",
  "timeout",
  "host",
];
const DEFAULT_CONNECTIONS = 5;
const DEFAULT_TIMEOUT_SECONDS = 10;

/**
 * Reads `postgres://user:password@host:port/database?…`, with
 * - `sslmode`: `disable`, `require` or `verify-full` (default: `verify-full`, but `disable` on this machine)
 * - `sslrootcert`, `sslcert`, `sslkey`: files with certificates
 * - `schema` (default: `coinrelay`), `connections` (5), `timeout` in seconds (10)
 * - `host`: the folder of the server's UNIX socket, in place of the host
 *
 * @throws {StoreUnusable} telling what is wrong; never with the password.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readSettings } from "./settings.ts";
 *
 * const { host, port, sslmode } = readSettings("postgres://relay:secret@db.example/relay?connections=3");
 * assertEquals([host, port, sslmode], ["db.example", 5432, "verify-full"]);
 * ```
 */
export function readSettings(text: string): Settings {
  if (!URL.canParse(text)) throw wrong("it is no URL");
  const url = new URL(text);
  for (const name of url.searchParams.keys()) {
    if (PARAMETERS.includes(name)) continue;
    throw wrong(`unknown parameter "${name}": ${nearOrAll(name, PARAMETERS)}`);
  }
  const parameter = (name: string) => url.searchParams.get(name) || null;
  const host = parameter("host") ?? url.hostname.replace(/^\[(.*)\]$/, "$1");
  const database = decoded(url.pathname.slice(1));
  const user = decoded(url.username);
  if (!host || !database || !user) {
    throw wrong(`it names no ${!user ? "user" : !host ? "host" : "database"}`);
  }
  const local = host.startsWith("/") || isLoopback(host);
  const sslmode = SSL_MODES.find((mode) =>
    mode === (parameter("sslmode") ?? (local ? "disable" : "verify-full"))
  );
  if (!sslmode) throw wrong(`sslmode is one of ${SSL_MODES.join(", ")}`);
  const schema = parameter("schema") ?? "coinrelay";
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema)) throw wrong("schema takes lower-case letters, digits and _");
  const port = Number(url.port || 5432);
  return {
    host,
    port,
    database,
    user,
    password: decoded(url.password),
    sslmode,
    sslrootcert: parameter("sslrootcert"),
    sslcert: parameter("sslcert"),
    sslkey: parameter("sslkey"),
    schema,
    connections: whole("connections", parameter("connections"), DEFAULT_CONNECTIONS, 2, 100),
    timeoutMs: 1000 * whole("timeout", parameter("timeout"), DEFAULT_TIMEOUT_SECONDS, 1, 600),
    label: `PostgreSQL at ${host.startsWith("/") ? host : `${host}:${port}`} (database "${database}")`,
  };
}

/** The same with relative files taken from `folder`. */
export function filesFrom(settings: Settings, folder: string): Settings {
  const from = (file: string | null) => file === null ? null : resolve(folder, file);
  const { sslrootcert, sslcert, sslkey } = settings;
  return { ...settings, sslrootcert: from(sslrootcert), sslcert: from(sslcert), sslkey: from(sslkey) };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw wrong("a % in it stands alone; write %25 for it");
  }
}

function whole(name: string, text: string | null, otherwise: number, least: number, most: number): number {
  const number = text === null ? otherwise : /^\d+$/.test(text) ? Number(text) : NaN;
  if (!(number >= least && number <= most)) throw wrong(`${name} takes a number from ${least} to ${most}`);
  return number;
}

function wrong(what: string): StoreUnusable {
  return new StoreUnusable(
    `Cannot use the store's PostgreSQL URL: ${what}. Give "postgres://user:password@host/database", with %40 for an @ ` +
      "in the password",
  );
}
