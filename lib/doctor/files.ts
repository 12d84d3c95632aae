/** Who may read and change what the relay lives on. @module */
import { dirname } from "@std/path";
import { inShell } from "../in_shell.ts";
import { type Finding, findingsOf } from "./finding.ts";

/** The files of one relay, as absolute paths. */
export interface RelayFiles {
  config: string;
  /** Whether a secret stands in the config literally, not as `${NAME}`. */
  configHoldsSecret: boolean;
  dotenv: string;
  pluginsDir: string;
  /** Null: the store is no file. */
  store: string | null;
}

const GROUP_OR_OTHERS = 0o077;
const OTHERS_WRITE = 0o002;

const { right, wrong, unknown } = findingsOf("files");

/** Looks at owners and modes. */
export function examineFiles(files: RelayFiles): Finding[] {
  if (Deno.build.os === "windows") return [unknown("who may read them is not looked at on Windows")];
  const findings = [
    ...onlyForOwner(files.dotenv, "holds the secrets"),
    ...(files.configHoldsSecret ? onlyForOwner(files.config, "holds a secret") : []),
    ...(files.store === null ? [] : onlyForOwner(files.store, "holds every event")),
    ...[files.config, files.dotenv, files.pluginsDir, ...modulesIn(files.pluginsDir)].flatMap(notForAll),
    ...(files.store === null ? [] : sameOwner(files.store)),
  ];
  return findings.length > 0 ? findings : [right("only their owner can change them")];
}

function onlyForOwner(file: string, why: string): Finding[] {
  const mode = modeOf(file);
  if (mode === null || (mode & GROUP_OR_OTHERS) === 0) return [];
  return [wrong(`${file} ${why}, and others on this machine may read it`, `chmod 600 ${inShell(file)}`)];
}

function notForAll(path: string): Finding[] {
  const mode = modeOf(path);
  if (mode === null || (mode & OTHERS_WRITE) === 0) return [];
  return [wrong(
    `${path} can be changed by anyone on this machine, and so can what the relay does`,
    `chmod o-w ${inShell(path)}`,
  )];
}

/** A store made by a start as root, once, is a store that the relay's own user cannot write. */
function sameOwner(store: string): Finding[] {
  const folder = dirname(store);
  const [file, owner] = [store, folder].map((path) => statOf(path)?.uid ?? null);
  if (file === null || owner === null || file === owner) return [];
  return [wrong(
    `${store} belongs to another user than its folder`,
    `was the relay started as root once? chown --reference=${inShell(folder)} ${inShell(store)}*`,
  )];
}

function modulesIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].filter(({ isFile }) => isFile).map(({ name }) =>
      `${folder}/${name}`
    );
  } catch {
    return [];
  }
}

const modeOf = (path: string) => statOf(path)?.mode ?? null;

function statOf(path: string): Deno.FileInfo | null {
  try {
    return Deno.statSync(path);
  } catch {
    return null;
  }
}
