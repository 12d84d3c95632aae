/** Starts a plugin's process with what its grants allow. @module */
import { toFileUrl } from "@std/path";
import { formsOf } from "../config/mask.ts";
import { isNameable, readableIn } from "./catalogue.ts";
import { endWithUs } from "./end_with_us.ts";
import { processArguments } from "./flags.ts";
import type { Grant } from "./grants.ts";
import { namesOf } from "./hidden.ts";
import type { House } from "./house.ts";
import { lockFlags } from "./lock.ts";
import { maskTold } from "./mask.ts";
import { ownFiles } from "./never_granted.ts";
import { deniedHosts, type NamedHost } from "./private_hosts.ts";
import { PluginProcess } from "./process.ts";
import type { ProcessListeners } from "./process_spec.ts";
import type { DryGrants } from "./protocol.ts";
import { isWithin } from "./in_folder.ts";

/**
 * Starts a process for a plugin whose module is `module` (an absolute path); with `dry`, for a dry run. It ends with us at
 * the latest.
 */
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
  const own = ownFiles(paths.folder, paths.hidden);
  const addresses = ownAddresses();
  const files = grants.filter(({ kind }) => kind === "read" || kind === "write").map(({ target }) => target);
  const variables = grants.filter(({ kind }) => kind === "env").flatMap(({ target }) => {
    const value = house.env(target);
    return value === undefined ? [] : [[target, value] as const];
  });
  const forms = formsOf(variables.map(([, value]) => value));
  const started = new PluginProcess({
    args: processArguments(
      {
        ...paths,
        code: namesOf(own.code, files),
        readable: readableIn(paths.folder, house.strayLinks),
        hidden: [
          ...namesOf(own.hidden, files),
          // One that cannot be denied is left out of what is readable, and must not come in again by a grant.
          ...house.strayLinks.filter((link) =>
            isNameable(link) || files.some((path) => isWithin(path, link))
          ),
        ],
        lock: lockFlags(paths.lockFile, "held"),
      },
      {
        plugin,
        grants,
        denied: anyHost ? deniedHosts(addresses, await namedHosts(grants), house.ownPorts) : [],
        heapMiB: limits.heapMiB,
      },
    ),
    env: { ...Object.fromEntries(variables), ...paths.environment() },
    cwd: house.base,
    url: toFileUrl(module).href,
    folder: toFileUrl(paths.folder).href + "/",
    ipv4Only: anyHost && addresses.some((address) => address.includes(".") && !address.startsWith("127.")),
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
  endWithUs(started);
  return started;
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
