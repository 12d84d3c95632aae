/** What all plugins of a relay have in common. @module */
import { join, toFileUrl } from "@std/path";
import { formsOf } from "../config/mask.ts";
import { isNameable, readableIn } from "./catalogue.ts";
import { processArguments, type ProcessPaths } from "./flags.ts";
import type { Grant } from "./grants.ts";
import type { KeptVersions } from "./kept_versions.ts";
import type { Kernel } from "./kernel.ts";
import type { KnownPlugins } from "./known_plugins.ts";
import { isWithin, namesOf } from "./hidden.ts";
import { lockFlags } from "./lock.ts";
import { deniedHosts, type NamedHost } from "./private_hosts.ts";
import { maskTold } from "./mask.ts";
import { PluginProcess } from "./process.ts";
import type { ProcessListeners } from "./process_spec.ts";
import type { DryGrants } from "./protocol.ts";
import type { ToolPaths } from "./tools.ts";

/** Times and sizes. */
export interface PluginLimits {
  /** V8's heap for each plugin, in MiB. Default: 128. */
  heapMiB: number;
  /** Memory of a plugin's process, beyond which it is ended, in MiB. Default: 384. */
  memoryMiB: number;
  /** How long a plugin may take to load. Default: 10 s. */
  loadMs: number;
  /** How long a run may go on after its timeout has aborted its signal. Default: 2 s. */
  graceMs: number;
  /** A process that answers nothing for so long is ended. Default: 5 s. */
  stallMs: number;
  /** A process without work is stopped after so long. Default: 10 min. */
  idleMs: number;
  /** A process that was started to look at its plugin, and has had no work, is stopped after so long. Default: 2 s. */
  lingerMs: number;
  /** The first wait after a process died twice; doubles up to `maxRestartMs`. Default: 1 s and 5 min. */
  minRestartMs: number;
  maxRestartMs: number;
}

/** The limits that hold unless told otherwise. */
export const DEFAULT_LIMITS: PluginLimits = {
  heapMiB: 128,
  memoryMiB: 384,
  loadMs: 10_000,
  graceMs: 2_000,
  stallMs: 5_000,
  idleMs: 10 * 60_000,
  lingerMs: 2_000,
  minRestartMs: 1_000,
  maxRestartMs: 5 * 60_000,
};

/** What processes and tools are started with. */
export interface House {
  paths: Omit<ProcessPaths, "lock" | "code" | "readable"> & ToolPaths;
  limits: PluginLimits;
  /** Symbolic links that no plugin may follow. */
  strayLinks: readonly string[];
  /** The admin listener's ports: `"*"` never includes them, not even on an address that a route names. */
  ownPorts: readonly number[];
  kernel: Kernel;
  known: KnownPlugins;
  kept: KeptVersions;
  /** Where relative paths begin: the config's folder. */
  base: string;
  /** The relay's environment, for what `allow.env` grants. */
  env(name: string): string | undefined;
  /** Texts that must not be kept with what plugins sent, in every form. */
  secrets(): readonly string[];
  now(): number;
}

/** Variables that Deno itself needs to find its cache and to reach the network; the plugin cannot read them. */
const RUNTIME_VARIABLES = [
  "HOME",
  "DENO_DIR",
  "XDG_CACHE_HOME",
  "USERPROFILE",
  "LOCALAPPDATA",
  "SystemRoot",
  "TZ",
  "NPM_CONFIG_REGISTRY",
  "DENO_CERT",
  "NODE_EXTRA_CA_CERTS",
  "DENO_TLS_CA_STORE",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
  "http_proxy",
  "https_proxy",
  "no_proxy",
];

/** The environment of Deno itself, as far as its cache and the network need it. */
export function runtimeEnvironment(env: House["env"]): Record<string, string> {
  const values = RUNTIME_VARIABLES.map((name) => [name, env(name)]).filter(([, value]) =>
    value !== undefined
  );
  return {
    ...Object.fromEntries(values),
    NO_COLOR: "1",
    DENO_NO_UPDATE_CHECK: "1",
    DENO_NO_PACKAGE_JSON: "1",
    MALLOC_ARENA_MAX: "1", // glibc would give each of its threads an arena of its own
    MALLOC_TRIM_THRESHOLD_: "1048576", // and keep what loading took and no longer needs
  };
}

/** Starts a process for a plugin whose module is `module` (an absolute path); with `dry`, for a dry run. */
export async function startProcess(
  house: House,
  plugin: string,
  module: string,
  grants: readonly Grant[],
  listeners: ProcessListeners,
  dry: DryGrants | null = null,
): Promise<PluginProcess> {
  const { paths, limits, now } = house;
  const anyHost = grants.some(({ kind, target }) => kind === "net" && target === "*");
  const own = ownAddresses();
  const files = grants.filter(({ kind }) => kind === "read" || kind === "write").map(({ target }) => target);
  const granted = grants.filter(({ kind }) => kind === "env").map((
    { target },
  ) => [target, house.env(target)]);
  const values = granted.flatMap(([, value]) => value ?? []);
  const forms = formsOf(values);
  return new PluginProcess({
    args: processArguments(
      {
        ...paths,
        code: namesOf([paths.folder, ...codeIn(paths)], files),
        readable: readableIn(paths.folder, house.strayLinks),
        hidden: [
          ...namesOf(paths.hidden, files),
          // One that cannot be denied is left out of what is readable, and must not come in again by a grant.
          ...house.strayLinks.filter((link) =>
            isNameable(link) || files.some((path) => isWithin(path, link))
          ),
        ],
        lock: lockFlags(paths.lockFile, "held"),
      },
      limits,
      {
        plugin,
        grants,
        denied: anyHost ? deniedHosts(own, await namedHosts(grants), house.ownPorts) : [],
      },
    ),
    env: {
      ...Object.fromEntries(granted.filter(([, value]) => value !== undefined)),
      ...paths.environment(),
    },
    cwd: house.base,
    url: toFileUrl(module).href,
    folder: toFileUrl(paths.folder).href + "/",
    ipv4Only: anyHost && own.some((address) => address.includes(".") && !address.startsWith("127.")),
    loadMs: limits.loadMs,
    graceMs: limits.graceMs,
    stallMs: limits.stallMs,
    memoryMiB: limits.memoryMiB,
    kernel: house.kernel,
    now,
    ...listeners,
    onLog: (line) => listeners.onLog({ ...line, text: maskTold(line.text, forms) }), // the log masks the others
    dry,
    secrets: () => [...house.secrets(), ...forms],
  });
}

/** What the relay runs, and what says how. */
function codeIn({ root, importMap }: House["paths"]): string[] {
  return [...["lib", "main.ts", "deno.json", "deno.lock"].map((name) => join(root, name)), importMap];
}

function ownAddresses(): string[] {
  return Deno.networkInterfaces().map(({ address }) => address);
}

/** The addresses (with port, where there is one) of the hosts that grants name: spared when private ones are denied. */
async function namedHosts(grants: readonly Grant[]): Promise<NamedHost[]> {
  const hosts = grants.filter(({ kind, target }) => kind === "net" && !target.includes("*")).map(
    ({ target }) => {
      const [, name = "", port] = /^(.*?)(?::(\d+))?$/.exec(target)!;
      return { name: name.replace(/^\[(.*)\]$/, "$1"), port: port === undefined ? null : Number(port) };
    },
  );
  if (hosts.length === 0) return [];
  const { lookup } = await import("node:dns/promises"); // for the few who need it
  const found = await Promise.all(hosts.map(async ({ name, port }) => {
    if (name.includes("/")) return [{ address: name, port }];
    const addresses = await lookup(name, { all: true }).catch(() => []); // unknown now: nothing to be reached
    return addresses.map(({ address }) => ({ address, port }));
  }));
  return found.flat();
}
