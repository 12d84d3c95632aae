/** The jobs that a process was given, until each is over there and has its result. @module */
import { Alarm } from "../dispatch/alarm.ts";
import { failed, type Job, type Result } from "../dispatch/contract.ts";
import type { JsonObject } from "../nouns.ts";
import { JobQueue, type Queued } from "./job_queue.ts";
import type { FromPlugin, ToPlugin } from "./protocol.ts";
import { readEnding } from "./read_message.ts";

/**
 * Why a job has no result: it was recalled before it began, its process ended before it began, or its process ended and
 * it may just have begun.
 */
export type NotRun = "recalled" | "not begun" | "unsure";

/** How a job is run. */
export interface RunSettings {
  /** How many jobs of its route may run at a time; it waits until fewer do. Default: its route's concurrency. */
  most?: number;
  /** Whether it is always to be known whether it has begun, at a price. Default: false. */
  tell?: boolean;
}

/** What jobs need of the process that they are given to. */
export interface GivenJobsParts {
  say(message: ToPlugin): void;
  /** Milliseconds since 1970. */
  now(): number;
  /** How long a run may go on after its timeout has aborted its signal. */
  graceMs: number;
  /** How long the process may take to tell that a job has begun which has a place. */
  stallMs: number;
  /** What is to be masked in what a job with these options tells. */
  secretsOf(options: JsonObject): readonly string[];
  /** A job has its result. */
  onAnswer(): void;
  /** A run ignored its signal. It has its result, and goes on. */
  onIgnored(): void;
}

/** A job that has no result yet, unless its place is still to be freed. */
interface Given extends Queued {
  id: number;
  job: Job;
  options: JsonObject;
  tell: boolean;
  /** Whether it waits for no other. */
  placed: boolean;
  /** Whether the plugin was entered. */
  begun: boolean;
  /** Whether it ran past its timeout. */
  overdue: boolean;
  /** When it was given, by {@linkcode GivenJobsParts.now}. */
  at: number;
  /**
   * When its time is over, or, where it ran past its timeout, all patience; by `performance.now()`. `Infinity`: it waits,
   * or nothing more is expected of it.
   */
  until: number;
  resolve(result: Result | NotRun): void;
}

/** The jobs of one process. */
export class GivenJobs {
  /** Those that have no result. */
  readonly #open = new Map<number, Given>();
  /** Those that have one, and go on in the process: what the route remembers could not be read, or they ignored their signal. */
  readonly #abandoned = new Map<number, Given>();
  /** Those whose result is to be remembered, and is not on disk. */
  readonly #unsettled = new Map<Job, Given>();
  readonly #queue = new JobQueue<Given>();
  /** One for all: most end long before their time is over. */
  readonly #alarm = new Alarm(() => performance.now(), () => this.#timeOutAll());
  #freed: PromiseWithResolvers<void> | null = null;
  /** Those that the process had when it was asked to give back what has not begun, until it has answered. */
  #recalled: ReadonlySet<Given> | null = null;
  #recallAgain = false;
  #closed = false;

  constructor(private readonly parts: GivenJobsParts) {}

  /** How many have no result. */
  get size(): number {
    return this.#open.size;
  }

  /** How many run. */
  get running(): number {
    return this.#placed().length;
  }

  /** Whether one may have begun of which that is not told. */
  get unsure(): boolean {
    return [...this.#open.values()].some(mayHaveBegun);
  }

  /** How many places of a route are taken: not by a run that ignored its signal. Once the process has ended, by what is not on disk. */
  placesTaken(route: string): number {
    const among = (some: Iterable<Given>) => [...some].filter((given) => given.route === route);
    if (this.#closed) return among(this.#unsettled.values()).length;
    const ignored = this.#abandoned.size === 0
      ? []
      : among(this.#abandoned.values()).filter(({ placed, until }) => placed && until === Infinity);
    return this.#queue.running(route) - ignored.length;
  }

  /** Resolves when the next place is freed. */
  placeFreed(): Promise<void> {
    return (this.#freed ??= Promise.withResolvers()).promise;
  }

  /** Whether what came of all is on disk, as far as it is to be remembered. */
  get allSettled(): boolean {
    return this.#unsettled.size === 0;
  }

  /** Gives a job of a route with these options to the process. */
  give(
    id: number,
    job: Job,
    options: JsonObject,
    { most = job.concurrency, tell = false }: RunSettings,
  ): Promise<Result | NotRun> {
    const { promise, resolve } = Promise.withResolvers<Result | NotRun>();
    const { route, event, attempt, idempotencyKey } = job;
    const state = { placed: false, begun: false, overdue: false, at: this.parts.now(), until: Infinity };
    const given: Given = { id, job, route, most, options, tell, ...state, resolve };
    this.#open.set(id, given);
    if (this.#queue.enter(given)) this.#place(given);
    this.parts.say({ t: "run", id, job: { route, event, attempt, idempotencyKey }, most, tell });
    return promise;
  }

  /** The job with an id, as long as it has no result. */
  find(id: number): Job | null {
    return this.#open.get(id)?.job ?? null;
  }

  /** The plugin was entered: from now on the job's time counts. Throws when it was not its turn. */
  begun(id: number): void {
    const given = this.#open.get(id);
    if (given === undefined || given.begun) return;
    if (!given.placed) throw new Error("begun");
    given.begun = true;
    if (!given.overdue) this.#awaitUntil(given, given.job.timeoutMs);
  }

  /** Takes what came of a job. Throws when it is not of its form. */
  end(message: FromPlugin & { t: "end" }): void {
    const given = this.#open.get(message.id);
    if (given === undefined) return this.#endLate(message.id);
    const { parts } = this;
    const read = readEnding(message, parts.secretsOf(given.options));
    const ms = Math.min(read.ms ?? Infinity, Math.max(0, parts.now() - given.at));
    if (read.kv.length > 0) this.#unsettled.set(given.job, given);
    else this.#leave(given);
    // What its aborted signal ended has run out of time, whatever it says.
    if (!given.overdue || read.outcome === "done") return this.#answer(given, { ...read, ms });
    const error = `did not end within ${given.job.timeoutMs / 1000} s: ${read.error}`;
    this.#answer(given, { ...failed("timeout", error, read.sent), ms });
  }

  /** What came of a job is on disk. */
  settled(job: Job): void {
    const given = this.#unsettled.get(job);
    if (given === undefined) return;
    this.#unsettled.delete(job);
    if (this.#closed) this.#tellFreed();
    else this.#free(given);
  }

  /** Has those come back that have not begun; answers whether that was asked for now. */
  recall(): boolean {
    if (!this.#queue.crowded) return false;
    if (this.#recalled !== null) {
      this.#recallAgain = true; // some may have been given since then
      return false;
    }
    this.#recalled = new Set([...this.#open.values(), ...this.#abandoned.values()]);
    this.parts.say({ t: "recall" });
    return true;
  }

  /**
   * Takes back what has not begun; answers whether more of that was asked for now. Throws when it is not just what was
   * asked for.
   */
  back(ids: readonly number[]): boolean {
    const recalled = this.#recalled;
    if (recalled === null) throw new Error("back");
    this.#recalled = null;
    const back = new Set<Given>();
    for (const id of ids) {
      const given = this.#open.get(id) ?? this.#abandoned.get(id);
      if (given === undefined || given.begun || !recalled.has(given)) throw new Error("back");
      back.add(given);
    }
    for (const given of recalled) {
      if (this.#open.has(given.id) && !given.begun && !back.has(given)) throw new Error("back");
    }
    for (const given of back) {
      this.#leave(given);
      if (!this.#abandoned.delete(given.id)) this.#answer(given, "recalled");
    }
    const again = this.#recallAgain;
    this.#recallAgain = false;
    return again && this.recall();
  }

  /** Aborts the signals of those that run. */
  abort(reason: string): void {
    for (const { id } of this.#placed()) this.parts.say({ t: "abort", id, reason });
  }

  /** Makes one fail that cannot go on, unless it has its result. */
  fail(id: number, error: string): void {
    const given = this.#open.get(id);
    if (given !== undefined) this.#abandon(given, failed("retry", error));
  }

  /**
   * Answers for all when their process has ended.
   *
   * @param casualty What came of one that had begun; `begun`: how many had.
   */
  close(casualty: (id: number, overdue: boolean, begun: number) => Result): void {
    this.#alarm.stop();
    const begun = [...this.#open.values()].filter((given) => given.begun).length;
    for (const given of this.#open.values()) {
      const notRun = mayHaveBegun(given) ? "unsure" : "not begun";
      this.#answer(given, given.begun ? casualty(given.id, given.overdue, begun) : notRun);
    }
    this.#abandoned.clear();
    this.#closed = true;
    this.#tellFreed();
  }

  #placed(): Given[] {
    return [...this.#open.values()].filter(({ placed }) => placed);
  }

  /** It is to begin as soon as the process comes to it, and to tell of that. */
  #place(given: Given) {
    given.placed = true;
    this.#awaitUntil(given, this.parts.stallMs + given.job.timeoutMs);
  }

  #awaitUntil(given: Given, ms: number) {
    given.until = performance.now() + ms;
    this.#alarm.set(given.until);
  }

  #leave(given: Given) {
    for (const next of this.#queue.leave(given)) this.#place(next);
    this.#tellFreed();
  }

  #tellFreed() {
    this.#freed?.resolve();
    this.#freed = null;
  }

  /** Has the process free the place of one that has ended there. */
  #free(given: Given) {
    this.parts.say({ t: "free", id: given.id });
    this.#leave(given);
  }

  #answer(given: Given, result: Result | NotRun) {
    this.#open.delete(given.id);
    given.resolve(result);
    this.parts.onAnswer();
  }

  #abandon(given: Given, result: Result) {
    this.#abandoned.set(given.id, given);
    this.#answer(given, result);
  }

  /** Frees the place of one that was abandoned. What it left is not taken. */
  #endLate(id: number) {
    const given = this.#abandoned.get(id);
    if (given === undefined) return;
    this.#abandoned.delete(id);
    this.#free(given);
  }

  /** Deals with those whose time is over; the alarm rings again for the next. */
  #timeOutAll() {
    const now = performance.now();
    const watched = [...this.#open.values(), ...this.#abandoned.values()];
    for (const given of watched) if (given.until <= now) this.#timeOut(given);
    this.#alarm.set(Math.min(...watched.map(({ until }) => until)));
  }

  #timeOut(given: Given) {
    const { id, job, overdue } = given;
    const seconds = job.timeoutMs / 1000;
    if (!overdue) {
      given.overdue = true;
      this.#awaitUntil(given, this.parts.graceMs);
      this.parts.say({ t: "abort", id, reason: `the route's timeout of ${seconds} s is over` });
      return;
    }
    given.until = Infinity;
    const error = `did not end within ${seconds} s, nor when its signal was aborted`;
    if (this.#open.has(id)) this.#abandon(given, failed("timeout", error));
    this.#tellFreed();
    this.parts.onIgnored();
  }
}

/** Whether its process may have ended in the moment in which it began. */
function mayHaveBegun({ placed, begun, tell }: Given): boolean {
  return placed && !begun && !tell;
}
