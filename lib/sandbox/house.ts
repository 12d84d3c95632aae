/** What all plugins of a relay have in common. @module */
import { join, resolve } from "@std/path";
import { PROJECT } from "../project.ts";
import type { ProcessPaths } from "./flags.ts";
import { askKernel, type Kernel } from "./kernel.ts";
import { keepVersions, type KeptVersions, NOTHING_KEPT } from "./kept_versions.ts";
import { type KnownPlugins, NOTHING_KNOWN, recallPlugins } from "./known_plugins.ts";
import { lockFile } from "./lock.ts";
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
const DEFAULT_LIMITS: PluginLimits = {
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
  paths: Pick<ProcessPaths, "root" | "importMap" | "hidden"> & ToolPaths & {
    /** The plugins folder, as a real path. */
    folder: string;
  };
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
function runtimeEnvironment(env: House["env"]): Record<string, string> {
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

/** Where plugins are, and what they are run with. */
export interface HouseOptions {
  /** The plugins folder. */
  folder: string;
  /** Where relative paths of `allow.read` and `allow.write` begin: the config's folder. */
  base: string;
  /**
   * Files and folders that no plugin may read or write, whatever it is granted. Default: `config.json` and `.env` in
   * `base`; name the store's files as well.
   */
  hidden?: readonly string[];
  /** Where what plugins say of themselves is kept for the next start. Default: nowhere. */
  knownFile?: string | null;
  /** The folder where the last versions of plugins are kept. Default: nowhere. */
  keptFolder?: string | null;
  /** Ports of the admin listener, which `"*"` never includes. */
  ownPorts?: readonly number[];
  limits?: Partial<PluginLimits>;
  /** Default: the process's environment. */
  env?(name: string): string | undefined;
  /**
   * Texts that must not be kept with what plugins sent, beyond the secrets in their routes' options, in every form.
   * Default: none.
   */
  secrets?(): readonly string[];
  now?(): number;
}

/** Makes what the plugins in a folder are run with. Close its `kernel` at the end. */
export async function makeHouse(options: HouseOptions): Promise<House> {
  const { base, env = (name) => Deno.env.get(name), now = Date.now } = options;
  const folder = await Deno.realPath(options.folder);
  return {
    paths: {
      folder,
      root: resolve(PROJECT),
      importMap: join(PROJECT, ".imports.json"),
      lockFile: lockFile(folder),
      typesConfig: join(import.meta.dirname!, "plugin_types.json"),
      environment: () => runtimeEnvironment(env),
      hidden: [
        ...options.hidden ?? ["config.json", ".env"].map((name) => resolve(base, name)),
        join(folder, ".env"),
      ],
    },
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    strayLinks: [],
    ownPorts: options.ownPorts ?? [],
    kernel: askKernel(),
    known: options.knownFile ? await recallPlugins(options.knownFile) : NOTHING_KNOWN,
    kept: options.keptFolder ? keepVersions(options.keptFolder, folder, now) : NOTHING_KEPT,
    base,
    env,
    secrets: options.secrets ?? (() => []),
    now,
  };
}
