/** One process that runs one plugin. @module */
import { failed, type Job, type Result } from "../dispatch/contract.ts";
import { messageOf } from "../message_of.ts";
import type { JsonObject } from "../nouns.ts";
import { GivenOptions, uncheckable } from "./given_options.ts";
import { GivenJobs, type NotRun, type RunSettings } from "./given_jobs.ts";
import { LastWords } from "./last_words.ts";
import { LoadFailure } from "./load_failure.ts";
import { createPluginLog } from "./plugin_log.ts";
import type { ProcessSpec } from "./process_spec.ts";
import { type FromPlugin, LIMITS, type OptionCheck, type PluginShape, shorten } from "./protocol.ts";
import { createPulse, TICK_MS } from "./pulse.ts";
import { readLines } from "./read_lines.ts";
import { readCheck, readError, readFailure, readShape } from "./read_message.ts";
import { readSending } from "./sending.ts";
import { createThrottle } from "./throttle.ts";
import { createTurnstile } from "./turnstile.ts";
import { type Speaker, writeLines } from "./write_lines.ts";

/** How a process ended. */
export interface ProcessEnd {
  /** Whether it was asked to. */
  orderly: boolean;
  /** For a person: what became of "its process". */
  reason: string;
  /** Whether it was ended because it answered nothing. */
  stalled: boolean;
  /** Whether it may have been in the first steps of one of several jobs, and did not live to say in which. */
  unsure: boolean;
}

/** What may make a plugin load so long. */
const SLOW = "look for an `await` or a loop at the top of the file";
/** A process that does not end when asked to is ended after so long. */
const STOP_MS = 1000;
/** What is left in the pipe of a process that asks too much, for so long. */
const OVERDRAWN_MS = 250;
/** Characters of a key that is too long to be there. */
const NO_KEY = LIMITS.kvKeyBytes + 1;

/** A process. Begins with its making; ends by {@linkcode retire}, {@linkcode kill}, or of itself. */
export class PluginProcess {
  readonly pid: number;
  /** What the plugin says of itself; rejects with {@linkcode LoadFailure}. */
  readonly loaded: Promise<PluginShape>;
  readonly ended: Promise<ProcessEnd>;
  /** Bytes of resident memory, where the system tells. */
  memory = 0;
  /** Milliseconds since 1970: when the last job ended (or the process began). */
  idleSince: number;
  /** Takes no new jobs. */
  retiring = false;

  readonly #child: Deno.ChildProcess;
  readonly #speaker: Speaker;
  readonly #token = `${crypto.randomUUID()}:`;
  readonly #load = Promise.withResolvers<PluginShape>();
  readonly #jobs: GivenJobs;
  readonly #given: GivenOptions;
  readonly #log;
  readonly #pulse;
  readonly #kvReads = createThrottle(LIMITS.kvReadsPerSecond, LIMITS.kvReadsPerSecond);
  readonly #kvTurns = createTurnstile(LIMITS.kvReadsAtOnce);
  readonly #lastWords = new LastWords();
  #ready = false;
  #over = false;
  #overdrawn = false;
  /** Ends it where it does not give back what it is asked to. */
  #patience: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;
  /** The job whose plugin was entered last, until the process shows that it still answers. */
  #suspect: number | null = null;
  /** Why it is being ended. */
  #verdict: Omit<ProcessEnd, "unsure"> | null = null;

  constructor(private readonly spec: ProcessSpec) {
    this.idleSince = spec.now();
    this.#log = createPluginLog(spec.onLog, spec.now);
    this.#given = new GivenOptions(spec.secrets);
    this.#pulse = createPulse(spec.stallMs);
    this.#jobs = new GivenJobs({
      say: (message) => this.#speaker.say(message),
      now: spec.now,
      graceMs: spec.graceMs,
      stallMs: spec.stallMs,
      secretsOf: (options) => this.#given.secretsOf(options),
      onAnswer: () => {
        this.idleSince = spec.now();
        this.#stopWhenIdle();
      },
      onIgnored: () => this.#doom(),
    });
    this.#child = new Deno.Command(Deno.execPath(), {
      args: [...spec.args],
      env: { ...spec.env },
      cwd: spec.cwd,
      clearEnv: true,
      detached: true, // a Ctrl+C on the terminal is for the relay alone, which lets its plugins end their work
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.pid = this.#child.pid;
    spec.kernel.offer(this.pid);
    this.#speaker = writeLines(this.#child.stdin);
    this.loaded = this.#load.promise;
    this.ended = this.#live();
    const { url, folder, ipv4Only, dry } = spec;
    this.#speaker.say({ t: "load", token: this.#token, url, folder, ipv4Only, dry });
  }

  /** How many jobs run. */
  get running(): number {
    return this.#jobs.running;
  }

  /** How many jobs of a route have a place, also one that left something to be remembered which is not on disk, though it has ended. */
  placesTaken(route: string): number {
    return this.#jobs.placesTaken(route);
  }

  /** Resolves when the next place is freed, or when it ends. */
  placeFreed(): Promise<void> {
    return this.#jobs.placeFreed();
  }

  /** Resolves once it has ended and takes no place any more. */
  async left(): Promise<void> {
    await this.ended;
    while (!this.#jobs.allSettled) await this.#jobs.placeFreed();
  }

  /** Gives the plugin a route's options, and hears what is wrong with them. */
  setRoute(route: string, options: JsonObject): Promise<OptionCheck> {
    if (this.#over) return Promise.resolve(uncheckable("has ended"));
    const ask = ++this.#asked;
    this.#speaker.say({ t: "route", route, options, ask });
    return this.#given.give(route, options, ask);
  }

  /** Runs one job of a route with these options. */
  run(job: Job, options: JsonObject, settings: RunSettings = {}): Promise<Result | NotRun> {
    if (this.#over) return Promise.resolve("not begun");
    if (!this.#given.areOf(job.route, options)) void this.setRoute(job.route, options);
    return this.#jobs.give(++this.#asked, job, options, settings);
  }

  /** What came of a job is on disk. Until then one that left something to be remembered has its place. */
  settled(job: Job): void {
    this.#jobs.settled(job);
  }

  /** Has the jobs that have not begun come back, as `recalled`. */
  recall(): void {
    if (!this.#over && this.#jobs.recall()) this.#awaitBack();
  }

  #awaitBack() {
    this.#patience = setTimeout(() => this.#stall(), this.spec.stallMs);
  }

  /** Aborts the signals of all that runs. */
  abort(reason: string): void {
    this.#jobs.abort(reason);
  }

  /** Takes no more jobs, gives back those that wait, lets the others end, calls the plugin's `stop`, and ends. */
  retire(): void {
    this.retiring = true;
    this.recall();
    this.#stopWhenIdle();
  }

  /** Ends it now. What runs is told `reason`. */
  kill(reason: string, how: Partial<Pick<ProcessEnd, "orderly" | "stalled">> = {}): void {
    this.#verdict ??= { orderly: false, stalled: false, reason, ...how };
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // it has ended already
    }
  }

  #stopWhenIdle() {
    if (!this.retiring || this.#jobs.size > 0 || this.#verdict || this.#over) return;
    this.#verdict = { orderly: true, stalled: false, reason: "was stopped" };
    this.#speaker.say({ t: "stop" });
    const patience = setTimeout(() => this.kill("did not stop"), STOP_MS);
    void this.ended.then(() => clearTimeout(patience));
  }

  /** What does not heed its signal ends with its process, once the others in it have ended. */
  #doom() {
    this.retiring = true;
    this.recall();
    if (this.#jobs.size === 0) this.kill("was ended with a run that ignored its signal", { orderly: true });
  }

  /** Listens and watches until the process has ended, then settles everything that waits for it. */
  async #live(): Promise<ProcessEnd> {
    const { loadMs, now } = this.spec;
    const ticking = setInterval(() => this.#tick(), TICK_MS);
    const patience = setTimeout(() => {
      const why = `did not load within ${loadMs / 1000} s: ${SLOW}`;
      this.#failLoad(new LoadFailure("import", why, { passing: true }));
    }, loadMs);
    void this.loaded.catch(() => {}).then(() => clearTimeout(patience));
    const pause = () => {
      const overdrawn = this.#overdrawn;
      this.#overdrawn = false;
      return overdrawn || this.#kvTurns.waiting > LIMITS.kvReadsWaiting ? OVERDRAWN_MS : 0;
    };
    const broken = (error: unknown) => this.#broken(error);
    const { stdout, stderr } = this.#child;
    const [status] = await Promise.all([
      this.#child.status,
      readLines(stdout, (line) => this.#line(line), now, pause).catch(broken),
      readLines(stderr, (line) => this.#print(line, "warn"), now).catch(broken),
    ]);
    clearInterval(ticking);
    clearTimeout(this.#patience);
    this.#over = true;
    this.memory = 0;
    this.#speaker.close();
    this.#log.flush();
    return this.#settle({
      ...this.#verdict ?? { orderly: false, stalled: false, reason: this.#causeOf(status) },
      unsure: this.#jobs.unsure,
    });
  }

  #causeOf(status: Deno.CommandStatus): string {
    return readError(this.#lastWords.causeOf(status), this.#given.allSecrets());
  }

  #settle(end: ProcessEnd): ProcessEnd {
    this.#load.reject(new LoadFailure("import", `its process ${end.reason}`, { passing: true }));
    this.#given.end(end.reason);
    this.#jobs.close((id, overdue, begun) => this.#casualty(id, overdue, begun, end));
    return end;
  }

  /** The result of a job whose process ended under it. */
  #casualty(id: number, overdue: boolean, begun: number, { reason, stalled }: ProcessEnd): Result {
    const alone = begun === 1;
    const outcome = overdue || stalled && (alone || this.#suspect === id) ? "timeout" : "crashed";
    return failed(outcome, `its process ${reason}${alone ? "" : ` (${begun} of its deliveries ran)`}`);
  }

  #broken(error: unknown) {
    const reason = error instanceof RangeError
      ? `wrote a line of more than ${LIMITS.lineBytes} bytes, and was ended`
      : `broke the protocol, and was ended: ${messageOf(error)}`;
    this.kill(readError(reason, this.#given.allSecrets()));
  }

  #line(line: string) {
    const at = line.indexOf(this.#token);
    if (at < 0) return this.#print(line, "info");
    if (at > 0) this.#print(line.slice(0, at), "info");
    this.#take(JSON.parse(line.slice(at + this.#token.length)) as FromPlugin);
  }

  #take(message: FromPlugin) {
    switch (message.t) {
      case "loaded":
        this.#ready = true;
        return this.#load.resolve(readShape(message.plugin));
      case "failed":
        return this.#failLoad(readFailure(message, this.#given.allSecrets()));
      case "checked":
        return this.#given.answer(message.ask, readCheck(message));
      case "begin":
        this.#jobs.begun(message.id);
        this.#suspect = message.id;
        return;
      case "begun":
        for (const id of message.ids) this.#jobs.begun(id);
        this.#suspect = null; // it got through them
        return;
      case "end":
        return this.#jobs.end(message);
      case "back":
        clearTimeout(this.#patience);
        if (this.#jobs.back(message.ids)) this.#awaitBack();
        return;
      case "kvGet":
        this.#overdrawn ||= !this.#kvReads.take(this.spec.now());
        return this.#kvGet(message.id, message.ask, String(message.key).slice(0, NO_KEY));
      case "log":
        return this.#log.write({
          level: message.level,
          text: String(message.text),
          job: this.#job(message.id),
        });
      case "refused": {
        const [kind, target] = [shorten(String(message.kind), 20), shorten(String(message.target), 300)];
        return this.spec.onRefused({ kind, target, job: this.#job(message.id) });
      }
      case "sent":
        return this.spec.onSending?.(readSending(message.sending), this.#job(message.id));
      case "pong":
        this.#suspect = null;
        return this.#pulse.answered();
      default:
        throw new Error("unknown message");
    }
  }

  #job(id: number | null): Job | null {
    return id === null ? null : this.#jobs.find(id);
  }

  #kvGet(id: number, ask: number, key: string) {
    this.#kvTurns.enter(async () => {
      const job = this.#jobs.find(id);
      if (job === null || !this.#speaker.open) return;
      try {
        this.#speaker.say({ t: "kv", ask, value: await job.kvGet(key) });
        await this.#speaker.taken(); // or all that the process does not read would be kept for it
      } catch (thrown) {
        const error = `what its route remembers could not be read: ${messageOf(thrown)}`;
        this.#jobs.fail(id, error);
        this.#speaker.say({ t: "noKv", ask, error });
      }
    });
  }

  #print(line: string, level: "info" | "warn") {
    if (this.#lastWords.add(line)) this.#log.write({ level, text: line, job: null });
  }

  #failLoad(failure: LoadFailure) {
    this.#load.reject(failure);
    this.kill(failure.message, { orderly: true });
  }

  /** Looks at how much memory it takes, and ends it when that is too much. */
  async #weigh() {
    const { kernel, memoryMiB } = this.spec;
    this.memory = await kernel.residentBytes(this.pid) ?? this.memory;
    if (this.memory <= memoryMiB * 2 ** 20 || this.#over) return;
    this.kill(`took more than ${memoryMiB} MiB of memory, and was ended`);
  }

  #tick() {
    this.#log.flush();
    const step = this.#ready ? this.#pulse.tick(this.#jobs.size > 0) : null; // loading has a limit of its own
    if (step !== null || this.#jobs.size > 0 || !this.#ready) void this.#weigh();
    if (step === "ping") this.#speaker.say({ t: "ping" });
    else if (step === "lost") this.#stall();
  }

  #stall() {
    const seconds = this.spec.stallMs / 1000;
    this.kill(
      `did not answer for ${seconds} s, and was ended: look for a loop without end, or a regular ` +
        "expression that backtracks",
      { stalled: true },
    );
  }
}
