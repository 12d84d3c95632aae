/** One plugin's life: its versions, its process, and what happens when either fails. @module */
import { join, relative } from "@std/path";
import type { Job, Result } from "../dispatch/contract.ts";
import type { FoundPlugin } from "./catalogue.ts";
import {
  describe,
  describeBroken,
  errorText,
  type PluginDescription,
  type PluginError,
} from "./description.ts";
import type { Grant, GrantingRoute } from "./grants.ts";
import { type House, startProcess } from "./house.ts";
import { LoadFailure, type PluginLine, type PluginProcess, type PluginRefusal } from "./process.ts";
import type { OptionIssue } from "./protocol.ts";
import { checkTypes, fetchImports } from "./tools.ts";
import { readVersion } from "./version.ts";

/** What a slot tells the house. */
export interface SlotEvents {
  onLog(line: PluginLine): void;
  onRefused(refusal: PluginRefusal): void;
  /** The plugin's description has changed. */
  onChange(): void;
  /** Its process died, or a version of it could not be used. */
  onTrouble(message: string): void;
}

/** How a plugin's process stands. */
export type PluginState =
  /** No process: none is needed now. */
  | "idle"
  | "starting"
  | "running"
  /** It keeps dying, and waits before it is started again. */
  | "waiting"
  /** There is no version that can be run. */
  | "broken";

/** A process with what loaded in it. */
interface Candidate {
  process: PluginProcess;
  description: PluginDescription;
}

/** Loads that may go on at a time are few, and a file that changes while it is loaded is loaded again, so often. */
const LOAD_TRIES = 5;

/** Runs one plugin. */
export class PluginSlot {
  description: PluginDescription;
  /** How often its process has been started again after it died. */
  restarts = 0;
  lastError: string | null = null;
  /** When it may be started again; milliseconds since 1970. */
  waitsUntil = 0;

  #found: FoundPlugin;
  #process: PluginProcess | null = null;
  readonly #leaving = new Set<PluginProcess>();
  #starting: Promise<boolean> | null = null;
  #routes: readonly GrantingRoute[] = [];
  #grants: readonly Grant[] = [];
  #deaths = 0;
  #worked = new WeakSet<PluginProcess>();
  /** Whether what keeps its newest version from loading may pass without a change of its file. */
  #passing = false;
  readonly #loading = new Set<PluginProcess>();
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(
    private readonly house: House,
    found: FoundPlugin,
    private readonly events: SlotEvents,
  ) {
    this.#found = found;
    this.description = describeBroken(found.name, found.file, null, {
      stage: "find",
      message: "has not been looked at",
      file: null,
      line: null,
    });
  }

  get state(): PluginState {
    if (this.#starting) return "starting";
    if (this.#process) return "running";
    if (!this.description.usable) return "broken";
    return this.waitsUntil > this.house.now() ? "waiting" : "idle";
  }

  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  /** Bytes of resident memory of its processes, where the system tells. */
  get memory(): number {
    return [this.#process, ...this.#leaving].reduce((sum, process) => sum + (process?.memory ?? 0), 0);
  }

  /** How many jobs run. */
  get running(): number {
    return [this.#process, ...this.#leaving].reduce((sum, process) => sum + (process?.running ?? 0), 0);
  }

  /** When it may be run: 0 for now, null for not before its file or the config changes. */
  get readyAt(): number | null {
    if (!this.description.usable || this.#closed) return null;
    return this.#process || this.waitsUntil <= this.house.now() ? 0 : this.waitsUntil;
  }

  async run(job: Job): Promise<Result | null> {
    for (;;) {
      const process = this.#process ?? await this.#start();
      if (process === null || this.#closed) return null;
      this.#worked.add(process);
      const result = await process.run(job);
      if (result !== null) {
        if (result.outcome === "done") this.#deaths = 0;
        return result;
      }
    }
  }

  /** Takes note of what is in the folder now. Resolves when what is new is in force, or refused. */
  refresh(found: FoundPlugin): Promise<void> {
    return this.#inTurn(async () => {
      this.#found = found;
      const { version, error } = this.description;
      if (found.mistake !== null) return this.#refuse(null, { stage: "find", message: found.mistake });
      const now = this.#readVersion();
      if (now === null || now === version && error?.stage !== "find") return;
      await this.#renew(now);
    });
  }

  /** Sets the routes that use it, and what they grant. Resolves what is wrong with their options, by route. */
  configure(routes: readonly GrantingRoute[], grants: readonly Grant[]): Promise<Map<string, OptionIssue[]>> {
    return this.#inTurn(async () => {
      const granted = grantKey(grants) !== grantKey(this.#grants);
      this.#grants = grants;
      this.#routes = routes;
      if (routes.length === 0 || this.#found.mistake !== null) {
        if (granted) this.#dismiss();
        return new Map();
      }
      // What failed for lack of a grant may load now.
      if (granted && this.description.error !== null) await this.#renew(this.description.version);
      const issues = await this.#checkRoutes();
      if (granted) this.#dismiss();
      return issues;
    });
  }

  /** Checks options against its schema. */
  checkOptions(options: GrantingRoute["options"]): Promise<OptionIssue[]> {
    return this.#inTurn(async () => {
      const process = this.#process ?? await this.#start();
      return process === null ? [] : await process.setRoute("", options);
    });
  }

  /** Stops a process that has had no work for long. One whose file no longer loads is kept: it could not come back. */
  rest(): void {
    if (this.#passing && this.waitsUntil <= this.house.now()) {
      this.#passing = false;
      void this.#inTurn(() => this.#renew(this.description.version));
    }
    const process = this.#process;
    if (!process || process.running > 0 || this.description.error !== null) return;
    const { idleMs, lingerMs } = this.house.limits;
    const patience = this.#worked.has(process) ? idleMs : lingerMs;
    if (this.house.now() - process.idleSince >= patience) this.#dismiss();
  }

  /** Ends everything: what runs may go on for `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.#closed = true;
    this.#dismiss();
    for (const process of this.#loading) process.kill("was stopped", true);
    await Promise.allSettled([this.#turn, this.#starting]);
    this.#dismiss();
    const all = [...this.#leaving];
    const patience = setTimeout(() => all.forEach((process) => process.kill("was stopped", true)), graceMs);
    await Promise.all(all.map((process) => process.ended));
    clearTimeout(patience);
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(task);
    this.#turn = done.catch(() => {});
    return done;
  }

  #readVersion(): string | null {
    try {
      return readVersion(this.#module).hash;
    } catch {
      return null; // it is being replaced, or gone: the next look tells
    }
  }

  get #module(): string {
    return join(this.house.paths.folder, this.#found.file);
  }

  /** Brings another version into force: loaded, and where an older one runs, also checked, before it takes over. */
  async #renew(version: string | null) {
    const { usable } = this.description;
    try {
      const [candidate, types] = await Promise.all([
        this.#load(),
        usable ? checkTypes(this.house.paths, this.#module) : null,
      ]);
      const trouble = types !== null
        ? { stage: "types" as const, ...types, file: this.#shown(types.file) }
        : usable
        ? optionTrouble(await this.#checkRoutes(candidate.process))
        : null;
      if (trouble !== null) {
        candidate.process.kill("is of a version that is refused", true);
        this.#refuse(candidate.description.version, trouble);
      } else {
        this.#adopt(candidate);
      }
    } catch (error) {
      this.#refuse(version, troubleOf(error), isPassing(error));
    }
  }

  #adopt({ process, description }: Candidate) {
    this.#dismiss();
    const known = JSON.stringify(description) === JSON.stringify(this.description);
    this.description = description;
    this.#deaths = 0;
    this.waitsUntil = 0;
    this.#watch(process);
    if (!known) this.events.onChange();
  }

  /** Notes what is wrong with the version in the folder. One before it goes on while its process does. */
  #refuse(version: string | null, trouble: Trouble, passing = false) {
    const { name, file } = this.#found;
    const error = { file: null, line: null, ...trouble };
    this.#passing = passing;
    if (passing) this.#backOff();
    this.description = this.#process !== null
      ? { ...this.description, version, error }
      : describeBroken(name, file, version, error);
    this.events.onChange();
  }

  /** Loads what is in the folder now. Rejects with {@linkcode LoadFailure}. */
  async #load(): Promise<Candidate> {
    let fetched = false;
    for (let tries = 1;; tries++) {
      if (this.#closed) throw new LoadFailure("import", "the relay stops");
      const before = this.#readVersion();
      const process = await startProcess(this.house, this.#module, this.#grants, {
        onLog: this.events.onLog,
        onRefused: this.events.onRefused,
      });
      this.#loading.add(process);
      try {
        const shape = await process.loaded;
        const version = this.#readVersion();
        if (version !== null && (version === before || tries === LOAD_TRIES)) {
          return { process, description: describe(this.#found.name, this.#found.file, version, shape) };
        }
        process.kill("changed while it was loaded", true);
        if (tries === LOAD_TRIES) throw new LoadFailure("import", "its file cannot be read");
      } catch (error) {
        process.kill("could not be loaded", true);
        if (!(error instanceof LoadFailure)) throw error;
        const missing = !fetched &&
          /--cached-only|not found in (the )?cache|npm package/i.test(error.message);
        if (missing) {
          fetched = true;
          const finding = await fetchImports(this.house.paths, this.#module);
          if (finding !== null) {
            throw new LoadFailure("import", finding.message, this.#shown(finding.file), finding.line, true);
          }
        } else if (this.#readVersion() === before || tries === LOAD_TRIES) {
          throw error;
        }
      } finally {
        this.#loading.delete(process);
      }
    }
  }

  /** The process that takes jobs, started when there is none; null when that cannot be now. */
  async #start(): Promise<PluginProcess | null> {
    const { usable } = this.description;
    if (this.#closed || !usable || this.waitsUntil > this.house.now()) return null;
    this.#starting ??= this.#load().then(async (candidate) => {
      await this.#checkRoutes(candidate.process);
      this.#adopt(candidate);
      return true;
    }).catch((error) => {
      const { version, error: before } = this.description;
      // What has loaded before will load again: it is the process that failed, not the plugin.
      if (before === null && this.#readVersion() === version) this.#died(errorText(troubleOf(error)));
      else this.#refuse(this.#readVersion(), troubleOf(error), isPassing(error));
      return false;
    }).finally(() => this.#starting = null);
    await this.#starting;
    return this.#process;
  }

  /** Hands a process its routes' options. */
  async #checkRoutes(process: PluginProcess | null = this.#process): Promise<Map<string, OptionIssue[]>> {
    const issues = new Map<string, OptionIssue[]>();
    const { hasOptions } = this.description;
    const known = process ?? (this.description.usable && hasOptions ? await this.#start() : null);
    await Promise.all(this.#routes.map(async ({ name, options }) => {
      const wrong = await known?.setRoute(name, options) ?? [];
      if (wrong.length > 0) issues.set(name, wrong);
    }));
    return issues;
  }

  #watch(process: PluginProcess) {
    this.#process = process;
    void process.ended.then((end) => {
      this.#leaving.delete(process);
      const current = this.#process === process;
      if (current) this.#process = null;
      if (end.orderly) return;
      if (current) this.#died(`its process ${end.reason}`);
    });
  }

  #died(error: string) {
    this.lastError = error;
    this.restarts++;
    this.#backOff();
    this.events.onTrouble(error);
  }

  /** The first death costs no wait; each that follows without a success between doubles it. */
  #backOff() {
    this.#deaths++;
    const { minRestartMs, maxRestartMs } = this.house.limits;
    const wait = this.#deaths === 1 ? 0 : Math.min(maxRestartMs, minRestartMs * 2 ** (this.#deaths - 2));
    this.waitsUntil = this.house.now() + wait;
  }

  /** Lets its process end in order; the next job starts another. */
  #dismiss() {
    const process = this.#process;
    if (!process) return;
    this.#process = null;
    this.#leaving.add(process);
    void process.ended.then(() => this.#leaving.delete(process));
    process.retire();
  }

  #shown(file: string | null): string | null {
    return file === null ? null : relative(this.house.paths.folder, file);
  }
}

type Trouble = Partial<PluginError> & Pick<PluginError, "stage" | "message">;

/** Whether a failure may pass by itself: not the module's fault, but a process's, the network's or the machine's. */
function isPassing(error: unknown): boolean {
  return !(error instanceof LoadFailure) || error.passing;
}

function troubleOf(error: unknown): PluginError {
  if (error instanceof LoadFailure) {
    return { stage: error.stage, message: error.message, file: error.file, line: error.line };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { stage: "import", message: `its process could not be started: ${message}`, file: null, line: null };
}

function optionTrouble(issues: Map<string, OptionIssue[]>): PluginError | null {
  for (const [route, [issue]] of issues) {
    const at = issue!.path === "" ? "" : `${issue!.path}: `;
    return {
      stage: "options",
      message: `those of route "${route}" do not fit: ${at}${issue!.message}`,
      file: null,
      line: null,
    };
  }
  return null;
}

function grantKey(grants: readonly Grant[]): string {
  return [...new Set(grants.map(({ kind, target }) => `${kind} ${target}`))].sort().join("\n");
}
