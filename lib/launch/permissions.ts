/** What a relay must be allowed, and no more: from its config. @module */
import { dirname, join, resolve } from "@std/path";
import { isHostname } from "../config/hostname.ts";
import { isInside } from "../sandbox/in_folder.ts";
import { SHELL } from "../sandbox/kernel.ts";
import type { StorePlace } from "../store/place.ts";

/** What of a config decides what the relay must be allowed. */
export interface LaunchConfig {
  server: Address;
  admin: Address;
  /** The store's URL. */
  store: string;
  pluginsDir: string;
  /** Hosts whose addresses the relay looks up, so that a plugin with `"*"` reaches them though they are private. */
  lookups: readonly string[];
}

interface Address {
  hostname: string;
  port: number;
}

/** Where everything is, as absolute paths. */
export interface LaunchPlace {
  /** The folder with main.ts. */
  project: string;
  configFile: string;
  /** Whether the config is there already; if not, the relay makes it, and the secret. */
  hasConfig: boolean;
  /** Deno itself. */
  deno: string;
  /** Folders with code, beside the project's own. */
  code: readonly string[];
}

/** Deno's permissions by kind, but for the environment's: that is given whole. A kind that is not here is not given. */
export interface Permissions {
  read: string[];
  write: string[];
  net: string[];
  run: string[];
  sys: string[];
}

/** The permissions of a relay whose store is at `storePlace`. */
export function permissionsOf(
  { server, admin, pluginsDir, lookups }: Omit<LaunchConfig, "store">,
  { project, configFile, hasConfig, deno, code }: LaunchPlace,
  storePlace: StorePlace,
): Permissions {
  const folder = dirname(configFile);
  const storeFolders = storePlace.files.map((file) => dirname(file));
  const socket = storePlace.socket === null ? [] : [storePlace.socket];
  const made = hasConfig ? [] : [configFile, join(folder, ".env")];
  return {
    read: outermost([
      folder, // config.json and .env, and that they change
      resolve(folder, pluginsDir),
      ...storeFolders,
      join(project, "lib"), // the threads of the store and of the dashboard, loaded when they are needed
      ...code,
      ...(hasConfig ? [] : [join(project, "config.example.json")]),
      ...storePlace.certificates,
      ...(storePlace.key === null ? [] : [storePlace.key]),
      ...socket,
    ]),
    write: outermost([...storeFolders, ...made, ...socket]),
    net: unique([
      ...[server, admin].map(hostAndPort),
      ...storePlace.net.filter((host) => isHostname(host.replace(/:\d+$/, ""))), // what is none fails when it is opened
      ...socket.map((path) => `unix:${path}`), // beside reading and writing it: Deno asks for all three
      ...lookups,
    ]),
    run: unique([deno, ...SHELL === null ? [] : [SHELL]]),
    sys: ["networkInterfaces"],
  };
}

/**
 * The flags of `deno run` that give them.
 *
 * @throws {RangeError} At a path with a comma, which Deno takes for two.
 */
export function flagsOf(permissions: Permissions): string[] {
  const kinds = Object.entries<string[]>({ ...permissions }).filter(([, names]) => names.length > 0);
  const comma = kinds.flatMap(([, names]) => names).find((name) => name.includes(","));
  if (comma !== undefined) {
    throw new RangeError(
      `Cannot allow the relay ${comma}: a path that it uses must not hold a comma. Rename it`,
    );
  }
  return [
    ...kinds.map(([kind, names]) => `--allow-${kind}=${names.join(",")}`),
    "--allow-env", // every variable: the config may name any, and names are all that Deno could restrict
    "--no-prompt",
  ];
}

function hostAndPort({ hostname, port }: Address): string {
  const host = hostname.includes(":") && !hostname.startsWith("[") ? `[${hostname}]` : hostname;
  return `${host}:${port}`;
}

const unique = (names: readonly string[]) => [...new Set(names)];

/** Without those that lie inside another. */
function outermost(paths: readonly string[]): string[] {
  return unique(paths).filter((path, _, all) =>
    !all.some((other) => other !== path && isInside(other, path))
  );
}
