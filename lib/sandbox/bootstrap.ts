/**
 * The entry of a plugin's process: reads on stdin what the relay asks, runs the plugin, answers on stdout.
 *
 * What it needs of the runtime it takes before the plugin is imported, so that a plugin that replaces globals breaks
 * nothing but itself. The process's flags are the sandbox; this module only keeps the manners.
 *
 * @module
 */
import type { JsonObject } from "../nouns.ts";
import type { NamedUrl } from "./hosts.ts";
import { type Arrived, createBeginnings } from "./inside/beginnings.ts";
import { openChannel } from "./inside/channel.ts";
import { createContext, logWith } from "./inside/context.ts";
import { describeFailure, endingOf, failureText, refusalOf } from "./inside/failure.ts";
import type { Recorder } from "./inside/dry/recorder.ts";
import { createSentNotes, type SentNotes } from "./inside/sent_notes.ts";
import { type AnyPlugin, checkOptions, pluginIn, shapeOf } from "./inside/shape.ts";
import { ipv4Client, watchedFetch } from "./inside/watched_fetch.ts";
import {
  type Ending,
  type JobForPlugin,
  LIMITS,
  type LoadStage,
  type LogLevel,
  shorten,
  type ToPlugin,
} from "./protocol.ts";

interface RouteState {
  /** The options as config.json has them, to tell whether they changed. */
  given: string;
  options: unknown;
  /** What its schema fills in, as told. */
  defaults: NamedUrl[];
  /** `start` for these options; null before the first job. */
  started: Promise<unknown> | null;
}

interface ArrivedJob extends Arrived {
  job: JobForPlugin;
  /** As the route's options were when it came. */
  state: RouteState | undefined;
}

/** What is asked of the relay. */
interface KvAsk {
  resolve(value: string | null): void;
  reject(error: Error): void;
}

const channel = openChannel();
const { exit, inspect } = Deno;
const { stringify } = JSON;
const now = performance.now.bind(performance);
const { round } = Math;
const Controller = AbortController;
const routes = new Map<string, RouteState>();
const beginnings = createBeginnings<ArrivedJob>(channel, (arrived) => void run(arrived));
/** Those that have ended, and whose place is not free yet. */
const held = new Map<number, ArrivedJob>();
const running = new Map<number, { controller: AbortController; notes: SentNotes }>();
const kvAsks = new Map<number, KvAsk>();
const stopping = new Controller();
const told = new WeakSet<Error>();
const originalFetch = globalThis.fetch;
let client: Deno.HttpClient | undefined;
/** Of a dry run. */
let recorder: Recorder | undefined;
let plugin: AnyPlugin | undefined;
let folder = "";
let asked = 0;
/** Whether there is anything to stop. */
let worked = false;

// Disks are for `context.kv` alone: nothing bounds these, and they would outlive the plugin.
for (const name of ["localStorage", "sessionStorage", "caches"]) Reflect.deleteProperty(globalThis, name);

function log(id: number | null, level: LogLevel, parts: unknown[]) {
  const text = parts.map((part) => typeof part === "string" ? part : inspect(part, { colors: false })).join(
    " ",
  );
  channel.send({ t: "log", id, level, text: shorten(text, LIMITS.logChars) });
}

/** Tells the relay of a refused access, once for each error that says so. */
function noteRefusal(id: number | null, thrown: unknown) {
  const refusal = refusalOf(thrown);
  if (refusal === null || told.has(thrown as Error)) return;
  told.add(thrown as Error);
  channel.send({ t: "refused", id, ...refusal });
}

function fetchFor(id: number | null, notes: () => SentNotes | undefined): typeof fetch {
  return watchedFetch(recorder?.fetch ?? originalFetch, client, (error) => noteRefusal(id, error), notes);
}

/** The notes of the run that calls the global `fetch`: of several that are under way, nobody knows which it is. */
function onlyNotes(): SentNotes | undefined {
  const [one, another] = running.values();
  return another === undefined ? one?.notes : undefined;
}

for (const level of ["debug", "info", "log", "warn", "error"] as const) {
  console[level] = (...parts) => log(null, level === "log" ? "info" : level, parts);
}

// What escapes from a run that has ended harms nobody, but its author wants to know.
for (const kind of ["unhandledrejection", "error"] as const) {
  globalThis.addEventListener(kind, (event) => {
    event.preventDefault();
    const thrown = event instanceof PromiseRejectionEvent ? event.reason : (event as ErrorEvent).error;
    noteRefusal(null, thrown);
    const hint = kind === "unhandledrejection" ? ": is it a promise that nothing awaits?" : "";
    log(null, "error", [`outside of a run: ${failureText(describeFailure(thrown, folder))}${hint}`]);
  });
}

async function load(message: ToPlugin & { t: "load" }) {
  folder = message.folder;
  client = message.ipv4Only ? ipv4Client() : undefined;
  if (message.dry) {
    const { startRecorder } = await import("./inside/dry/recorder.ts");
    recorder = startRecorder(message.dry, (id, sending) => channel.send({ t: "sent", id, sending }));
  }
  globalThis.fetch = fetchFor(null, onlyNotes);
  let stage: LoadStage = "import";
  try {
    const module = await import(message.url);
    stage = "check";
    plugin = pluginIn(module);
    channel.send({ t: "loaded", plugin: await shapeOf(plugin) });
  } catch (thrown) {
    noteRefusal(null, thrown);
    const { text, file, line } = describeFailure(thrown, folder);
    const error = stage === "check" && thrown instanceof TypeError ? thrown.message : text;
    channel.send({ t: "failed", stage, error, file, line });
  }
}

async function setRoute({ route, options, ask }: { route: string; options: JsonObject; ask: number }) {
  const given = stringify(options);
  const before = routes.get(route);
  if (before?.given === given) {
    return channel.send({ t: "checked", ask, issues: [], defaults: before.defaults });
  }
  try {
    const { value, issues, defaults } = await checkOptions(plugin!, options);
    if (issues.length === 0) routes.set(route, { given, options: value, defaults, started: null });
    channel.send({ t: "checked", ask, issues, defaults });
  } catch (thrown) {
    const message = `its schema failed: ${failureText(describeFailure(thrown, folder))}`;
    channel.send({ t: "checked", ask, issues: [{ path: "", message }], defaults: [] });
  }
}

function arrive({ id, job, most, tell }: ToPlugin & { t: "run" }) {
  const { route } = job;
  beginnings.arrive({ id, job, route, most, tell, state: routes.get(route) });
}

async function run(arrived: ArrivedJob) {
  worked = true;
  const { id, job, state: route } = arrived;
  const began = now();
  const controller = new Controller();
  const notes = createSentNotes();
  running.set(id, { controller, notes });
  const write = (level: LogLevel, parts: unknown[]) => log(id, level, parts);
  const { context, close } = createContext({
    job,
    options: route?.options,
    signal: controller.signal,
    fetch: fetchFor(id, () => notes),
    log: write,
    noteSent: notes.note,
    kvGet: (key) =>
      new Promise((resolve, reject) => {
        kvAsks.set(++asked, { resolve, reject });
        channel.send({ t: "kvGet", id, ask: asked, key });
      }),
  });
  let ending: Ending;
  try {
    if (route === undefined) throw new Error("the plugin does not take its options: see `deno task check`");
    const act = async () => {
      if (plugin!.start) await (route.started ??= start(plugin!, job.route, route));
      await plugin!.run(job.event, context);
    };
    await (recorder ? recorder.inRun(id, act) : act());
    const { kv, emitted } = close();
    ending = { outcome: "done", error: null, retryAfterSeconds: null, kv, emitted };
  } catch (thrown) {
    close();
    noteRefusal(id, thrown);
    ending = endingOf(thrown, folder);
  }
  running.delete(id);
  channel.send({ t: "end", id, ms: round(now() - began), ...ending, sent: notes.told() });
  if (ending.kv.length > 0) held.set(id, arrived); // until it is kept: the next that reads it is to find it
  else beginnings.leave(arrived);
}

function free(id: number) {
  const arrived = held.get(id);
  if (arrived === undefined) return;
  held.delete(id);
  beginnings.leave(arrived);
}

function answerKv(ask: number, answer: (kv: KvAsk) => void) {
  const kv = kvAsks.get(ask);
  if (kv === undefined) return;
  kvAsks.delete(ask);
  answer(kv);
}

/** A `start` that failed is tried again by the next job. */
async function start(loaded: AnyPlugin, name: string, route: RouteState) {
  try {
    await null; // so that it is noted as started before it can fail
    const write = (level: LogLevel, parts: unknown[]) => log(null, level, parts);
    await loaded.start!({
      options: route.options,
      route: name,
      log: logWith(write),
      signal: stopping.signal,
    });
  } catch (thrown) {
    route.started = null;
    throw new Error(`start failed: ${failureText(describeFailure(thrown, folder))}`, { cause: thrown });
  }
}

async function stop() {
  stopping.abort();
  try {
    if (worked) await plugin?.stop?.();
  } catch (thrown) {
    log(null, "error", [`stop failed: ${failureText(describeFailure(thrown, folder))}`]);
  }
  channel.flush();
  exit(0);
}

function handle(message: ToPlugin) {
  switch (message.t) {
    case "load":
      return load(message);
    case "route":
      return setRoute(message);
    case "run":
      return arrive(message);
    case "free":
      return free(message.id);
    case "recall":
      return beginnings.recall();
    case "abort":
      return running.get(message.id)?.controller.abort(new DOMException(message.reason, "TimeoutError"));
    case "kv":
      return answerKv(message.ask, ({ resolve }) => resolve(message.value));
    case "noKv":
      return answerKv(message.ask, ({ reject }) => reject(new Error(message.error)));
    case "ping":
      return channel.send({ t: "pong" });
    case "stop":
      return stop();
  }
}

try {
  for await (const messages of channel.messages()) {
    for (const message of messages) {
      const done = handle(message);
      // The first messages are in order: routes need the plugin, and jobs need their routes.
      if (message.t === "load" || message.t === "route") await done;
    }
    beginnings.begin();
  }
  exit(0); // the relay is gone
} catch (thrown) {
  // Nothing here fails of itself: the plugin has broken what both of them stand on.
  log(null, "error", [`broke its own process: ${failureText(describeFailure(thrown, folder))}`]);
  exit(70);
}
