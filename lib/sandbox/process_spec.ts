/** How a plugin's process is started, and who hears from it. @module */
import type { Job } from "../dispatch/contract.ts";
import type { Kernel } from "./kernel.ts";
import type { PluginLine } from "./plugin_log.ts";
import type { DryGrants } from "./protocol.ts";
import type { Sending } from "./sending.ts";

/** How a process is started. Times are in milliseconds. */
export interface ProcessSpec extends ProcessListeners {
  /** Deno's arguments, the bootstrap last. */
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  /** Where it stands, so that a relative path means the same to the plugin as in config.json. */
  cwd: string;
  /** The plugin's module and the plugins folder (ending in `/`), as URLs. */
  url: string;
  folder: string;
  ipv4Only: boolean;
  dry: DryGrants | null;
  /** Texts that must not be kept with what it sent, beyond its options' own secrets, in every form. */
  secrets(): readonly string[];
  loadMs: number;
  /** How long a run may go on after its timeout has aborted its signal. */
  graceMs: number;
  /** A process that answers nothing for so long is ended. */
  stallMs: number;
  /** A process that takes more memory is ended. */
  memoryMiB: number;
  kernel: Kernel;
  now(): number;
}

/** Who hears from a process. */
export interface ProcessListeners {
  onLog(line: PluginLine): void;
  onRefused(refusal: PluginRefusal): void;
  /** Hears what a dry run would have sent. */
  onSending?(sending: Sending, job: Job | null): void;
}

/** An access that was refused. */
export interface PluginRefusal {
  kind: string;
  target: string;
  job: Job | null;
}
