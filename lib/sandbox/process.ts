/** One process that runs one plugin. @module */
import type { Job, Result } from "../dispatch/contract.ts";
import type { JsonObject } from "../nouns.ts";
import { readEnding } from "./ending.ts";
import {
  type FromPlugin,
  LIMITS,
  lineSplitter,
  type LogLevel,
  type OptionIssue,
  type PluginShape,
  shorten,
  type ToPlugin,
} from "./protocol.ts";
import { createThrottle } from "./throttle.ts";

/** How a process is started. */
export interface ProcessSpec extends ProcessListeners {
  /** Deno's arguments, the bootstrap last. */
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  /** The plugin's module and the plugins folder (ending in `/`), as URLs. */
  url: string;
  folder: string;
  ipv4Only: boolean;
  /** Milliseconds. */
  loadMs: number;
  /** How long a run may go on after its timeout has aborted its signal. */
  graceMs: number;
  /** A process that answers nothing for so long is killed. */
  stallMs: number;
  /** A process that takes more memory is killed. */
  memoryMiB: number;
  now(): number;
}

/** Who hears from a process. */
export interface ProcessListeners {
  onLog(line: PluginLine): void;
  onRefused(refusal: PluginRefusal): void;
}

/** A line that a plugin logged or printed. */
export interface PluginLine {
  level: LogLevel;
  text: string;
  /** The job it was logged in; null when it belongs to none. */
  job: Job | null;
}

/** An access that was refused. */
export interface PluginRefusal {
  kind: string;
  target: string;
  job: Job | null;
}

/** Why a plugin could not be loaded. */
export class LoadFailure extends Error {
  override name = "LoadFailure";
  constructor(
    readonly stage: "import" | "check",
    message: string,
    /** Relative to the plugins folder. */
    readonly file: string | null = null,
    readonly line: number | null = null,
    /** Whether it may pass without a change of the file: its process failed, not its module. */
    readonly passing = false,
  ) {
    super(message);
  }
}

/** How a process ended. */
export interface ProcessEnd {
  /** Whether it was asked to. */
  orderly: boolean;
  /** For a person: what became of "its process". */
  reason: string;
  /** Whether it was ended because it answered nothing. */
  stalled: boolean;
}

interface Running {
  job: Job;
  begun: boolean;
  /** Ran past its timeout. */
  overdue: boolean;
  timer: ReturnType<typeof setTimeout> | undefined;
  kvReads: number;
  resolve(result: Result | null): void;
}

/** Watches that often. */
const TICK_MS = 250;
/** A process without work is looked at every so many ticks. */
const IDLE_TICKS = 8;
/** A process that does not end when asked to is killed after so long. */
const STOP_MS = 1000;

/** A process. Starts with its making; ends by {@linkcode retire}, {@linkcode kill}, or of itself. */
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

  readonly #spec: ProcessSpec;
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  readonly #token = crypto.randomUUID().slice(0, 8) + ":";
  readonly #encoder = new TextEncoder();
  readonly #running = new Map<number, Running>();
  /** What the plugin was given last, by route. */
  readonly #options = new Map<string, JsonObject>();
  readonly #checks = new Map<number, (issues: OptionIssue[]) => void>();
  readonly #load = Promise.withResolvers<PluginShape>();
  readonly #logs = createThrottle(LIMITS.logPerSecond, LIMITS.logBurst);
  #dropped = 0;
  #batch = "";
  #asked = 0;
  /** The job whose `run` was entered last, until the process shows that it still answers. */
  #suspect: number | null = null;
  #ready = false;
  #over = false;
  #ticks = 0;
  /** Whether a ping waits for its pong, and for how many ticks. */
  #pinged = false;
  #silentTicks = 0;
  #verdict: ProcessEnd | null = null;
  /** The last that it printed. */
  #printed = "";
  #ticker: ReturnType<typeof setInterval> | undefined;

  constructor(spec: ProcessSpec) {
    this.#spec = spec;
    this.idleSince = spec.now();
    this.#child = new Deno.Command(Deno.execPath(), {
      args: [...spec.args],
      env: { ...spec.env },
      clearEnv: true,
      detached: true, // a Ctrl+C on the terminal is for the relay alone, which lets its plugins end their work
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.pid = this.#child.pid;
    this.#stdin = this.#child.stdin.getWriter();
    this.loaded = this.#load.promise;
    this.loaded.catch(() => {}); // whoever waits for it hears of it
    this.ended = this.#live();
    this.#send({
      t: "load",
      token: this.#token,
      url: spec.url,
      folder: spec.folder,
      ipv4Only: spec.ipv4Only,
    });
    const patience = setTimeout(
      () =>
        this.#failLoad(
          new LoadFailure("import", `did not load within ${spec.loadMs / 1000} s`, null, null, true),
        ),
      spec.loadMs,
    );
    void this.loaded.catch(() => {}).then(() => clearTimeout(patience));
    offerToKernel(this.pid);
    this.#ticker = setInterval(() => this.#tick(), TICK_MS);
  }

  /** How many jobs run. */
  get running(): number {
    return this.#running.size;
  }

  /** Gives the plugin a route's options, and hears what is wrong with them. */
  setRoute(route: string, options: JsonObject): Promise<OptionIssue[]> {
    if (this.#over) {
      return Promise.resolve([{ path: "", message: "cannot be checked: the process has ended" }]);
    }
    this.#options.set(route, options);
    const ask = ++this.#asked;
    const { promise, resolve } = Promise.withResolvers<OptionIssue[]>();
    this.#checks.set(ask, resolve);
    this.#send({ t: "route", route, options, ask });
    return promise;
  }

  /** Runs one job of a route with these options; resolves null when the plugin was never entered. */
  run(job: Job, options: JsonObject): Promise<Result | null> {
    if (this.#over) return Promise.resolve(null);
    if (this.#options.get(job.route) !== options) void this.setRoute(job.route, options);
    const id = ++this.#asked;
    const { promise, resolve } = Promise.withResolvers<Result | null>();
    const running: Running = { job, begun: false, overdue: false, timer: undefined, kvReads: 0, resolve };
    this.#running.set(id, running);
    const { route, event, attempt, idempotencyKey } = job;
    this.#send({ t: "run", id, job: { route, event, attempt, idempotencyKey } });
    running.timer = setTimeout(() => this.#abort(id), job.timeoutMs);
    return promise;
  }

  /** Takes no more jobs, lets the running ones end, calls the plugin's `stop`, and ends. */
  retire(): void {
    if (this.retiring) return;
    this.retiring = true;
    this.#stopWhenIdle();
  }

  /** Ends it now. What runs is told `reason`. */
  kill(reason: string, orderly = false): void {
    this.#verdict ??= { orderly, reason, stalled: false };
    this.#endNow();
  }

  #endNow() {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // it has ended already
    }
  }

  #stopWhenIdle() {
    if (!this.retiring || this.#running.size > 0 || this.#verdict) return;
    this.#verdict = { orderly: true, reason: "was stopped", stalled: false };
    this.#send({ t: "stop" });
    const patience = setTimeout(() => this.kill("did not stop"), STOP_MS);
    void this.ended.then(() => clearTimeout(patience));
  }

  #abort(id: number) {
    const running = this.#running.get(id);
    if (!running) return;
    running.overdue = true;
    const seconds = running.job.timeoutMs / 1000;
    this.#send({ t: "abort", id, reason: `the route's timeout of ${seconds} s is over` });
    // What does not heed its signal can only be ended with its process, once the others in it are done.
    running.timer = setTimeout(() => {
      this.#end(id, failed("timeout", `did not end within ${seconds} s, nor when its signal was aborted`));
      this.retiring = true;
      if (this.#running.size === 0) this.kill("a run did not end when its signal was aborted", true);
    }, this.#spec.graceMs);
  }

  #end(id: number, result: Result | null) {
    const running = this.#running.get(id);
    if (!running) return;
    clearTimeout(running.timer);
    this.#running.delete(id);
    this.idleSince = this.#spec.now();
    running.resolve(result);
    this.#stopWhenIdle();
  }

  /** Writes what one turn of the event loop gathers at once. */
  #send(message: ToPlugin) {
    if (this.#batch === "") {
      queueMicrotask(() => {
        const bytes = this.#encoder.encode(this.#batch);
        this.#batch = "";
        this.#stdin.write(bytes).catch(() => {}); // its end is seen elsewhere
      });
    }
    this.#batch += JSON.stringify(message) + "\n";
  }

  /** Reads until the process has ended, then settles everything that waits for it. */
  async #live(): Promise<ProcessEnd> {
    const [status] = await Promise.all([
      this.#child.status,
      this.#read(this.#child.stdout, LIMITS.lineBytes, (line) => this.#line(line)),
      this.#read(this.#child.stderr, LIMITS.lineBytes, (line) => this.#print(line)),
    ]);
    this.#over = true;
    clearInterval(this.#ticker);
    this.#stdin.close().catch(() => {});
    const end = this.#verdict ?? { orderly: false, reason: causeOf(status, this.#printed), stalled: false };
    this.#load.reject(new LoadFailure("import", `its process ${end.reason}`, null, null, true));
    for (const [ask, answer] of this.#checks) {
      this.#checks.delete(ask);
      answer([{ path: "", message: `cannot be checked: the plugin's process ${end.reason}` }]);
    }
    const begun = [...this.#running.values()].filter((running) => running.begun);
    for (const [id, running] of this.#running) {
      this.#end(id, running.begun ? this.#casualty(id, running, begun.length, end) : null);
    }
    return end;
  }

  /** The result of a job whose process ended under it. */
  #casualty(id: number, running: Running, begun: number, { reason, stalled }: ProcessEnd): Result {
    const alone = begun === 1;
    const outcome = running.overdue || stalled && (alone || this.#suspect === id) ? "timeout" : "crashed";
    return failed(outcome, `its process ${reason}${alone ? "" : ` (${begun} of its deliveries ran)`}`);
  }

  async #read(stream: ReadableStream<Uint8Array>, maxBytes: number, take: (line: string) => void) {
    const split = lineSplitter(maxBytes);
    let windowStart = this.#spec.now();
    let windowBytes = 0;
    try {
      for await (const chunk of stream) {
        for (const line of split(chunk)) take(line);
        windowBytes += chunk.length;
        const spare = windowStart + 1000 * windowBytes / LIMITS.bytesPerSecond - this.#spec.now();
        if (spare > 100) await new Promise((resolve) => setTimeout(resolve, spare));
        if (spare <= 0) {
          windowStart = this.#spec.now();
          windowBytes = 0;
        }
      }
    } catch (error) {
      this.kill(
        error instanceof RangeError
          ? `wrote a line of more than ${maxBytes} bytes, and was ended`
          : `broke the protocol, and was ended (${error instanceof Error ? error.message : error})`,
      );
      await stream.cancel().catch(() => {});
    }
  }

  #line(line: string) {
    const at = line.indexOf(this.#token);
    if (at < 0) return this.#print(line);
    if (at > 0) this.#print(line.slice(0, at));
    this.#take(JSON.parse(line.slice(at + this.#token.length)) as FromPlugin);
  }

  #take(message: FromPlugin) {
    switch (message.t) {
      case "loaded":
        this.#ready = true;
        return this.#load.resolve(message.plugin);
      case "failed":
        return this.#failLoad(
          new LoadFailure(message.stage, String(message.error), message.file, message.line),
        );
      case "checked":
        this.#checks.get(message.ask)?.(message.issues);
        this.#checks.delete(message.ask);
        return;
      case "begin": {
        const running = this.#running.get(message.id);
        if (running) running.begun = true;
        this.#suspect = message.id;
        return;
      }
      case "end": {
        const running = this.#running.get(message.id);
        if (!running) return;
        const result = readEnding(message);
        // What ends by its aborted signal has still run out of time.
        return this.#end(
          message.id,
          running.overdue && result.outcome !== "done"
            ? failed("timeout", `did not end within ${running.job.timeoutMs / 1000} s: ${result.error}`)
            : result,
        );
      }
      case "kvGet":
        return void this.#kvGet(message.id, message.ask, String(message.key));
      case "log":
        return this.#log(message.level, String(message.text), message.id);
      case "refused": {
        const job = message.id === null ? null : this.#running.get(message.id)?.job ?? null;
        const [kind, target] = [shorten(String(message.kind), 20), shorten(String(message.target), 300)];
        return this.#spec.onRefused({ kind, target, job });
      }
      case "pong":
        this.#suspect = null;
        this.#pinged = false;
        this.#silentTicks = 0;
        return;
      default:
        throw new Error("unknown message");
    }
  }

  async #kvGet(id: number, ask: number, key: string) {
    const running = this.#running.get(id);
    if (!running || running.kvReads >= LIMITS.kvReads) return;
    running.kvReads++;
    try {
      this.#send({ t: "kv", ask, value: await running.job.kvGet(key) });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#end(id, failed("retry", `could not read what its route remembers: ${reason}`));
    } finally {
      running.kvReads--;
    }
  }

  #print(line: string) {
    this.#printed = (this.#printed + line + "\n").slice(-4096);
    if (line !== "") this.#log("info", line, null);
  }

  #log(level: LogLevel, text: string, id: number | null) {
    if (!this.#logs.take(this.#spec.now())) {
      this.#dropped++;
      return;
    }
    const job = id === null ? null : this.#running.get(id)?.job ?? null;
    if (this.#dropped > 0) {
      this.#spec.onLog({ level: "warn", text: `logged too fast: ${this.#dropped} lines were dropped`, job });
      this.#dropped = 0;
    }
    this.#spec.onLog({ level, text: shorten(text, LIMITS.logChars), job });
  }

  #failLoad(failure: LoadFailure) {
    this.#load.reject(failure);
    this.kill(failure.message, true);
  }

  /** Ticks are counted, not time: a relay that was held up itself must not blame its plugins. */
  #tick() {
    const ticks = ++this.#ticks;
    const busy = this.#running.size > 0;
    if (!busy && ticks % IDLE_TICKS !== 0 && !this.#pinged) return;
    this.memory = residentBytes(this.pid) ?? this.memory;
    const { memoryMiB, stallMs } = this.#spec;
    if (this.memory > memoryMiB * 2 ** 20) {
      return this.kill(`took more than ${memoryMiB} MiB of memory, and was ended`);
    }
    if (!this.#ready) return; // how long it may take to load is watched elsewhere
    if (!this.#pinged) {
      this.#pinged = true;
      return this.#send({ t: "ping" });
    }
    if (++this.#silentTicks * TICK_MS < stallMs) return;
    this.#verdict ??= {
      orderly: false,
      reason:
        `did not answer for ${stallMs / 1000} s, and was ended: look for a loop without end, or a regular ` +
        "expression that backtracks",
      stalled: true,
    };
    this.#endNow();
  }
}

function failed(outcome: Result["outcome"], error: string): Result {
  return { outcome, error, retryAfterSeconds: null, kv: [], emitted: [] };
}

function causeOf(status: Deno.CommandStatus, printed: string): string {
  if (/out of memory|heap limit/i.test(printed)) return "ran out of memory";
  if (status.signal) return `was ended by ${status.signal}`;
  const said = /^error: (.*)$/m.exec(printed)?.[1];
  if (said !== undefined) return `ended: ${shorten(said, LIMITS.errorChars)}`;
  return `ended itself with exit code ${status.code}: a plugin must not call Deno.exit() or process.exit()`;
}

/** Linux ends the plugin before the relay when memory is short. */
function offerToKernel(pid: number) {
  try {
    Deno.writeTextFileSync(`/proc/${pid}/oom_score_adj`, "1000");
  } catch {
    // another system, or it has ended
  }
}

function residentBytes(pid: number): number | null {
  try {
    const kib = /^VmRSS:\s+(\d+) kB/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1];
    return kib === undefined ? null : Number(kib) * 1024;
  } catch {
    return null;
  }
}
