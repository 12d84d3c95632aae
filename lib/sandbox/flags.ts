/** The command line of a plugin's process: what Deno is to allow it. @module */
import type { Grant } from "./grants.ts";
import { systemFolders, unmovable } from "./hidden.ts";

/** Where a process's code is, and what must stay hidden from it. */
export interface ProcessPaths {
  /** What of the plugins folder may be read: as a rule the folder. */
  readable: readonly string[];
  /** The project's root: holds `lib/`. */
  root: string;
  importMap: string;
  /** Flags for the plugins' lock file. */
  lock: readonly string[];
  /** Files and folders that no plugin may write, whatever it is granted: what is run. */
  code: readonly string[];
  /** Files and folders that no plugin may read or write, whatever it is granted. */
  hidden: readonly string[];
}

/** Whose process it is. */
export interface ProcessOwner {
  /** The plugin's name. */
  plugin: string;
  grants: readonly Grant[];
  /** Hosts to deny: `deniedHosts`, when a grant is for any public host. */
  denied: readonly string[];
  /** V8's heap, in MiB. */
  heapMiB: number;
}

/**
 * The arguments of `deno`. Nothing is allowed but to read the plugins folder and `lib/`, which holds what plugins
 * import and nothing secret, and what is granted.
 *
 * @throws {RangeError} At a path with a comma: it can neither be allowed nor denied.
 */
export function processArguments(
  paths: ProcessPaths,
  { plugin, grants, denied, heapMiB }: ProcessOwner,
): string[] {
  const of = (...kinds: Grant["kind"][]) => [
    ...new Set(grants.filter(({ kind }) => kinds.includes(kind)).map(({ target }) => target)),
  ];
  const lib = `${paths.root}/lib`;
  const net = of("net");
  const write = of("write");
  const read = of("read", "write");
  return [
    "run",
    "--quiet",
    "--no-prompt",
    "--cached-only",
    // Here compiled code is kept for all Deno programs of one user, the launcher among them; a plugin that reaches the
    // open file through Node's bindings could have them run code of its own.
    "--no-code-cache",
    "--no-config",
    ...paths.lock,
    "--node-modules-dir=none",
    `--import-map=${paths.importMap}`,
    // What the runtime stores for web pages is kept apart by this: otherwise all plugins would share it.
    `--location=https://${plugin}.plugin.invalid/`,
    // Threads that help to collect garbage cost what runs beside them more than they gain a process as small as this.
    `--v8-flags=--max-old-space-size=${heapMiB},--max-semi-space-size=4,--single-threaded-gc`,
    flag("allow-read", [...paths.readable, lib, ...read]),
    flag("deny-read", [...paths.hidden, ...systemFolders(read)]),
    flag("allow-write", write),
    flag("deny-write", unmovable([...paths.code, ...paths.hidden], write)),
    flag("allow-env", of("env")),
    flag("allow-sys", of("sys")),
    ...(net.includes("*") ? ["--allow-net", flag("deny-net", denied)] : [flag("allow-net", net)]),
    ...(write.length > 0 ? [`--preload=${lib}/sandbox/no_links.ts`] : []),
    `${lib}/sandbox/bootstrap.ts`,
  ].filter((argument) => argument !== "");
}

/** An empty list would mean "all": then there is no flag. */
function flag(name: string, values: readonly string[]): string {
  const comma = values.find((value) => value.includes(","));
  if (comma !== undefined) {
    throw new RangeError(`${comma}: a path must not hold a comma, which Deno takes for two paths. Rename it`);
  }
  return values.length === 0 ? "" : `--${name}=${values.join(",")}`;
}
