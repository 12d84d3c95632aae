/** One plugin's life: its versions, its process, and what happens when either fails. @module */
import { relative } from "@std/path";
import type { Job, Result } from "../dispatch/contract.ts";
import type { FoundPlugin } from "./catalogue.ts";
import {
  describeBroken,
  errorText,
  type PluginDescription,
  type PluginError,
  trouble,
  troubleOf,
} from "./description.ts";
import { type Grant, type GrantingRoute, grantKey } from "./grants.ts";
import type { House } from "./house.ts";
import { type LoadedPlugin, loadPlugin, modulePath, versionNow } from "./loader.ts";
import { Leaving } from "./leaving.ts";
import { LoadFailure } from "./load_failure.ts";
import type { PluginProcess } from "./process.ts";
import type { ProcessListeners } from "./process_spec.ts";
import type { OptionIssue } from "./protocol.ts";
import { Restarts } from "./restarts.ts";
import { issuesOf } from "./route_issues.ts";
import { Suspects } from "./suspects.ts";
import { checkTypes, type ToolFinding } from "./tools.ts";
import type { PluginVersion } from "./version.ts";

/** What a slot tells its surroundings. */
export interface SlotListeners extends ProcessListeners {
  /** The plugin's description has changed. */
  onChange(): void;
  /** Its process died. */
  onDeath(reason: string): void;
}

/**
 * How a plugin stands: `idle` needs no process now, `waiting` has a process that keeps dying and is started again
 * later, `broken` has no version that can be run.
 */
export type PluginState = "idle" | "starting" | "running" | "waiting" | "broken";

/** What is wrong with each route's options. */
export type RouteIssues = ReadonlyMap<string, OptionIssue[]>;

interface StartedPlugin extends LoadedPlugin {
  /** What it may reach. */
  reach: string;
}

/** Runs one plugin. */
export class PluginSlot {
  description: PluginDescription;
  /** How often its process died. */
  deaths = 0;
  lastDeath: string | null = null;

  #found: FoundPlugin;
  /** What the last version that could be used said; null when there was none. */
  #last: PluginDescription | null;
  /** The process that takes jobs. */
  #process: PluginProcess | null = null;
  #starting: Promise<void> | null = null;
  readonly #leaving = new Leaving();
  readonly #worked = new WeakSet<PluginProcess>();
  /** What jobs wait for that no process has, besides: that they are recalled. */
  readonly #recalls = new Set<() => void>();
  readonly #suspects = new Suspects();
  readonly #restarts: Restarts;
  #routes: readonly GrantingRoute[] = [];
  #grants: readonly Grant[] = [];
  #issues: RouteIssues = new Map();
  /** Whether the version in the folder is not the one that runs, because it was refused. */
  #heldBack = false;
  /** Whether what hinders the version in the folder may pass without a change of it. */
  #passing = false;
  #turn: Promise<unknown> = Promise.resolve();
  readonly #closing = new AbortController();

  /** @param everywhere The processes of all plugins: a route's jobs may run in those of the plugin that it had before. */
  constructor(
    private readonly house: House,
    found: FoundPlugin,
    private readonly listeners: SlotListeners,
    private readonly everywhere: () => readonly PluginProcess[],
  ) {
    this.#found = found;
    this.#restarts = new Restarts(house.limits);
    this.#last = house.known.last(found);
    this.description = describeBroken(
      found.name,
      found.file,
      null,
      trouble("find", "has not been looked at"),
    );
  }

  get state(): PluginState {
    if (this.#starting) return "starting";
    if (this.#process) return "running";
    if (!this.description.usable) return "broken";
    return this.waitsUntil > this.house.now() ? "waiting" : "idle";
  }

  /** Not started again before; milliseconds since 1970. */
  get waitsUntil(): number {
    return this.#restarts.waitsUntil(this.house.now());
  }

  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  /** Its processes: the one that takes jobs, and those that end theirs. */
  get processes(): PluginProcess[] {
    return [...this.#process ? [this.#process] : [], ...this.#leaving.all()];
  }

  /** When it may be run: 0 for now, null for not before its file or the config changes. */
  get readyAt(): number | null {
    if (!this.description.usable || this.#closing.signal.aborted) return null;
    return this.#process || this.waitsUntil <= this.house.now() ? 0 : this.waitsUntil;
  }

  /** Makes one attempt; resolves null when none could be made, as for a route whose options do not fit. */
  async run(job: Job): Promise<Result | null> {
    for (;;) {
      const { concurrency } = job;
      const route = this.#routes.find(({ name }) => name === job.route);
      if (concurrency === 0 || !route || this.#issues.has(job.route)) return null;
      if (this.#process?.retiring) this.letGo(); // a run that does not end holds it
      const process = this.#process;
      if (process === null) {
        const hindered = this.#start().then((started) => started === null);
        if (await this.#unlessRecalled([hindered])) return null;
        continue; // what the job is to run with may have changed
      }
      const others = this.everywhere().filter((one) => one !== process && one.placesTaken(job.route) > 0);
      const elsewhere = others.reduce((sum, one) => sum + one.placesTaken(job.route), 0);
      if (elsewhere >= concurrency) {
        await this.#unlessRecalled(others.map((one) => one.placeFreed()));
        continue;
      }
      this.#worked.add(process);
      const tell = this.#suspects.has(job.delivery);
      const result = await process.run(job, route.options, { most: concurrency - elsewhere, tell });
      const notRun = typeof result === "string";
      this.#suspects.learn(job.delivery, notRun ? result : result.outcome);
      if (!notRun) {
        if (result.outcome === "done") this.#restarts.succeeded();
        return result;
      }
      if (result !== "recalled") await process.ended; // so another process may try
    }
  }

  /** Has what has not begun come back, to be given again as things are then. */
  recallJobs(): void {
    for (const recall of this.#recalls) recall();
    for (const process of this.processes) process.recall();
  }

  /** Waits for one of these, and resolves it, or for the next recall. */
  async #unlessRecalled<T>(these: Promise<T>[]): Promise<T | void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#recalls.add(resolve);
    const first = await Promise.race([...these, promise]);
    this.#recalls.delete(resolve);
    return first;
  }

  /** Takes note of what is in the folder now. Resolves when what is new there is in force, or refused. */
  refresh(found: FoundPlugin): Promise<void> {
    return this.#inTurn(async () => {
      const mended = this.#found.mistake !== null && found.mistake === null;
      this.#found = found;
      const { version, error } = this.description;
      if (found.mistake !== null) return this.#refuse(null, trouble("find", found.mistake));
      const now = await versionNow(this.house, found);
      if (now === null || now.hash === version && !mended && error?.stage !== "find") return;
      const known = version === null ? this.house.known.find(found, now.hash) : null;
      if (known !== null) return this.#recall(known, now);
      await this.#renew(now.hash);
      if (this.#routes.length === 0) this.letGo(); // it was only to be looked at
    });
  }

  /** Sets the routes that use it, and what they grant. Resolves what is wrong with their options. */
  configure(routes: readonly GrantingRoute[], grants: readonly Grant[]): Promise<RouteIssues> {
    if (routes.length + this.#routes.length === 0) return Promise.resolve(this.#issues);
    return this.#inTurn(async () => {
      const regranted = grantKey(grants) !== grantKey(this.#grants);
      this.#grants = grants;
      this.#routes = routes;
      this.recallJobs(); // what waits is given again as its route is now, if it still is
      const { error, usable, version } = this.description;
      // What did not load for lack of a grant may load now.
      if (regranted && !usable && error !== null && error.stage !== "find") await this.#renew(version);
      if (regranted) this.letGo();
      this.#issues = this.description.usable ? await this.#checkRoutes() : new Map();
      return this.#issues;
    });
  }

  /** Checks a route's options against its schema, and that what the schema fills in is granted. */
  checkOptions(options: GrantingRoute["options"], grants: readonly Grant[]): Promise<OptionIssue[]> {
    return this.#inTurn(async () => {
      const process = this.#process ?? await this.#start();
      return process === null ? [] : await issuesOf(process, "", options, grants);
    });
  }

  /** To be called now and then: stops a process that has no work, and tries again what may have passed. */
  rest(): void {
    if (this.#passing && this.waitsUntil <= this.house.now()) {
      this.#passing = false;
      void this.#inTurn(() => this.#renew(this.description.version));
    }
    const process = this.#process;
    // One whose version is no longer in the folder could not be started again.
    if (!process || process.running > 0 || this.#heldBack) return;
    const { idleMs, lingerMs } = this.house.limits;
    const patience = this.#worked.has(process) ? idleMs : lingerMs;
    if (this.house.now() - process.idleSince >= patience) this.letGo();
  }

  /** Lets its process end in order, with what runs there; the next job starts another, of what holds then. */
  letGo(): void {
    const process = this.#process;
    if (!process) return;
    this.#process = null;
    this.#leaving.add(process);
  }

  /** Takes no more jobs, lets those that run end, and resolves when its processes have. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.letGo();
    await Promise.allSettled([this.#turn, this.#starting]);
    this.letGo();
    await this.#leaving.ended();
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(task);
    this.#turn = done.catch(() => {});
    return done;
  }

  async #load(): Promise<StartedPlugin> {
    const reach = this.#reach();
    const { house, listeners } = this;
    const loaded = await loadPlugin(house, this.#found, this.#grants, listeners, this.#closing.signal);
    return { ...loaded, reach };
  }

  /** What a process that is started now may reach, to tell whether that changes while it starts. */
  #reach(): string {
    return [grantKey(this.#grants), ...this.house.strayLinks].join("\n");
  }

  /**
   * Brings the version in the folder into force. Where another one runs, this one must also pass its types and take
   * the options that the other took, before it takes over.
   */
  async #renew(version: string | null) {
    const replaces = this.#process;
    try {
      const before = await versionNow(this.house, this.#found);
      const [loaded, early] = await Promise.all([this.#load(), replaces ? this.#checkTypes() : []]);
      // The file may have changed in between: what is said of the types must be said of what was loaded.
      const stale = replaces !== null && before?.hash !== loaded.description.version;
      const [first] = stale ? await this.#checkTypes() : early;
      const hindrance = first === undefined ? await this.#newOptionTrouble(loaded) : trouble(
        "types",
        first.message,
        first.file && relative(this.house.paths.folder, first.file),
        first.line,
      );
      if (hindrance === null || !this.#process) return this.#adopt(loaded);
      loaded.process.kill("is of a version that is refused", { orderly: true });
      this.#refuse(loaded.description.version, hindrance);
    } catch (error) {
      this.#refuse(version, troubleOf(error), isPassing(error));
    }
  }

  #checkTypes(): Promise<ToolFinding[]> {
    const { paths } = this.house;
    return checkTypes(paths, paths.folder, [modulePath(this.house, this.#found)]);
  }

  async #newOptionTrouble({ process }: LoadedPlugin): Promise<PluginError | null> {
    for (const [route, [issue]] of await this.#checkRoutes(process)) {
      if (this.#issues.has(route)) continue;
      const at = issue!.path === "" ? "" : `${issue!.path}: `;
      return trouble("options", `it does not take those of route "${route}": ${at}${issue!.message}`);
    }
    return null;
  }

  #adopt({ process, description, version, reach }: StartedPlugin) {
    if (this.#closing.signal.aborted) return process.kill("was stopped", { orderly: true });
    this.letGo();
    if (version !== null) this.house.kept.inForce(description.name, description.file, version);
    const changed = JSON.stringify(description) !== JSON.stringify(this.description);
    this.description = this.#last = description;
    this.#heldBack = false;
    this.#passing = false;
    if (changed) this.#restarts.reset();
    this.#process = process;
    void process.ended.then((end) => {
      if (this.#process !== process) return;
      this.letGo();
      if (!end.orderly) this.#died(`its process ${end.reason}`, end.unsure);
    });
    if (reach !== this.#reach()) this.letGo();
    if (changed) this.listeners.onChange();
  }

  /** Takes the word of an earlier start for what the version in the folder is: no process is needed yet. */
  #recall(known: PluginDescription, version: PluginVersion) {
    this.description = this.#last = known;
    this.house.kept.inForce(known.name, known.file, version);
    this.listeners.onChange();
  }

  /**
   * Notes what hinders the version in the folder. The one before it goes on as long as its process does; without one,
   * what is for it waits.
   */
  #refuse(version: string | null, error: PluginError, passing = false) {
    if (this.#closing.signal.aborted) return; // nothing is wrong with it but that it is stopped
    const { name, file } = this.#found;
    this.#passing = passing;
    if (passing) this.#restarts.failed(this.house.now());
    this.#heldBack = this.#process !== null;
    const before = JSON.stringify(this.description);
    this.description = this.#process
      ? { ...this.description, version, error }
      : describeBroken(name, file, version, error, this.#last);
    if (before !== JSON.stringify(this.description)) this.listeners.onChange();
  }

  /** @param unsure What ended it is known once its deliveries run again, so they need not wait. */
  #died(reason: string, unsure = false) {
    this.deaths++;
    this.lastDeath = reason;
    if (!unsure) this.#restarts.failed(this.house.now());
    this.listeners.onDeath(reason);
  }

  /** The process that takes jobs, started where there is none; null when that cannot be now. */
  async #start(): Promise<PluginProcess | null> {
    if (this.#closing.signal.aborted || !this.description.usable) return null;
    if (this.waitsUntil > this.house.now()) return null;
    this.#starting ??= this.#startNow().finally(() => this.#starting = null);
    await this.#starting;
    return this.#process;
  }

  async #startNow() {
    try {
      for (;;) {
        const loaded = await this.#load();
        await this.#checkRoutes(loaded.process);
        if (loaded.reach === this.#reach()) return this.#adopt(loaded);
        loaded.process.kill("may reach what it must not", { orderly: true });
      }
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      const now = (await versionNow(this.house, this.#found))?.hash ?? null;
      const known = this.description.error === null && this.description.version === now;
      // What has loaded before will load again: it is the process that failed, not the plugin.
      if (known) this.#died(errorText(troubleOf(error)));
      else this.#refuse(now, troubleOf(error), isPassing(error));
    }
  }

  /** Hands a process its routes' options. Without a process, those of a plugin that takes none need no check. */
  async #checkRoutes(process: PluginProcess | null = this.#process): Promise<RouteIssues> {
    const issues = new Map<string, OptionIssue[]>();
    const needed = this.description.hasOptions && this.#routes.length > 0;
    const checker = process ?? (needed ? await this.#start() : null);
    await Promise.all(this.#routes.map(async ({ name, options }) => {
      const wrong = checker === null ? [] : await issuesOf(checker, name, options, this.#grants);
      if (wrong.length > 0) issues.set(name, wrong);
    }));
    return issues;
  }
}

/** Whether a failure may pass by itself: not the module's fault, but a process's, the network's or the machine's. */
function isPassing(error: unknown): boolean {
  return !(error instanceof LoadFailure) || error.passing;
}
