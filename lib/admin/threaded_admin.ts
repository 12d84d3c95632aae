/**
 * The dashboard in a thread of its own, so that whoever looks at it holds up no answer to a provider. The thread is
 * started when somebody asks, and ends when nobody does: most relays run for days with no page open.
 *
 * @module
 */
import { substitutionsOf } from "../config/substitutions.ts";
import type { AttemptReport } from "../dispatch/dispatcher.ts";
import { Line } from "../line.ts";
import { STORE_ERRORS } from "../store/known_errors.ts";
import { answersOf } from "./ask_relay.ts";
import type { Move, RelayParts } from "./parts.ts";
import { Refused } from "./problem.ts";
import { requestData, responseOf, Streams } from "./thread/exchange.ts";
import type { AdminQuestions, RelayQuestions, Said, Settings } from "./thread/questions.ts";

/** The dashboard, as the relay has it. */
export interface ThreadedAdmin {
  /** Answers a request. `info` as `Deno.serve` gives it: who asks. */
  handle(request: Request, info: { remoteAddr: Deno.Addr }): Promise<Response>;
  /** To be called after each attempt, so that open pages show it. Costs nothing while none is open. */
  observeAttempt(report: AttemptReport): void;
  /** Ends the streams, so that the listener can be shut down. */
  close(): void;
  /** Ends the thread. Before the store is closed. */
  end(): Promise<void>;
}

/** Where the thread is to find things, and how long it lives. */
export interface ThreadPlace {
  /** The store's URL, and the folder that relative files in it are taken from. */
  store: string;
  folder: string;
  /** What runs in the thread. Tests run something that fails. */
  entry?: URL;
  /** When nobody has asked for so many milliseconds, and no page is open, the thread ends. Default: ten minutes. */
  restMs?: number;
}

/** News is gathered for so long. */
const GATHER_MS = 20;
const REST_MS = 10 * 60_000;
/** The thread may take so long to let go of the store. */
const END_MS = 2000;

/** Makes it; nothing is started yet. */
export function createThreadedAdmin(relay: RelayParts, place: ThreadPlace): ThreadedAdmin {
  let thread: Thread | null = null;
  let closing = false;
  let rest: ReturnType<typeof setTimeout> | undefined;
  let asked = 0;
  let resting: Promise<void> | null = null;

  function onDeath(message: string) {
    thread = null;
    clearTimeout(rest);
    relay.onFault(`the dashboard's thread ended, the next request starts another: ${message}`);
  }

  function restLater(current: Thread) {
    clearTimeout(rest);
    if (closing || thread !== current) return;
    rest = setTimeout(async () => {
      const before = asked;
      // What was asked while it answered may have opened a page.
      if (await current.busy() || asked > before || thread !== current) return restLater(current);
      thread = null;
      resting = current.end();
    }, place.restMs ?? REST_MS);
  }

  return {
    async handle(request, { remoteAddr }) {
      if (closing) return ended();
      asked++;
      const current = thread ??= startThread(relay, place, onDeath);
      try {
        return await current.handle(request, "hostname" in remoteAddr ? remoteAddr.hostname : "local");
      } catch (error) {
        if (current.running()) throw error;
        return ended();
      } finally {
        restLater(current);
      }
    },
    observeAttempt({ job, settlement }) {
      if (!thread?.listens()) return;
      const { state } = settlement.next;
      thread.moved({ delivery: job.delivery, route: job.route, state, attempts: job.attempt });
    },
    close() {
      closing = true;
      clearTimeout(rest);
      thread?.close();
    },
    async end() {
      closing = true;
      clearTimeout(rest);
      await Promise.all([thread?.end(), resting]);
      thread = null;
    },
  };
}

/** Answered to those whose request the thread did not live to answer. */
function ended(): Response {
  return new Refused(503, "dashboard_ended", "The dashboard has just stopped: ask again.", {
    "retry-after": "1",
  })
    .toResponse();
}

type Thread = ReturnType<typeof startThread>;

function startThread(relay: RelayParts, place: ThreadPlace, onDeath: (message: string) => void) {
  const { store } = relay;
  const streams = new Streams();
  let running = true;
  let underWay = 0;
  let listening = false;
  let events = false;
  let moves: Move[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let sent: Settings | null = null;

  const entry = place.entry ?? new URL("./thread/main.ts", import.meta.url);
  const worker = new Worker(entry, { type: "module", name: "dashboard" });
  worker.onerror = (event) => {
    event.preventDefault();
    stop(new Error(event.message));
    onDeath(event.message);
  };
  const { standing, ...answers } = answersOf(relay);
  const line = new Line<AdminQuestions, RelayQuestions>(worker, {
    errors: STORE_ERRORS,
    onTold: (told) => {
      const said = told as Said;
      if ("fault" in said) relay.onFault(said.fault);
      else relay.onAction(said.action, said.facts);
    },
    answers: {
      ...answers,
      standing: async () => ({ standing: await standing(), settings: newSettings() }),
      events: (filter, page) => store.events(filter, page),
      deliveries: (filter, page) => store.deliveries(filter, page),
      retry: (filter, now) => store.retry(filter, now),
      discard: (filter, now) => store.discard(filter, now),
      replay: (wishes, now) => store.replay(wishes, now),
      ready: () => store.ready(),
      listen: (on) => void (listening = on),
      read: (stream) => streams.read(stream),
      cancel: (stream) => streams.cancel(stream),
    },
  });
  const other = {
    read: (stream: number) => line.ask("read", stream),
    cancel: (stream: number) => line.ask("cancel", stream).catch(() => {}), // it has ended then
  };
  const forget = store.onCommit(({ lastSeq }) => {
    if (!listening || lastSeq === null) return;
    events = true;
    tellSoon();
  });
  line.ask("open", { store: place.store, folder: place.folder }, newSettings()!)
    .catch(() => {}); // what is asked next tells

  /** What the thread does not know yet. */
  function newSettings(): Settings | null {
    const [config, routes] = [relay.config(), relay.routes()];
    if (sent?.config === config && sent.routes === routes) return null;
    return sent = {
      version: (sent?.version ?? 0) + 1,
      config,
      substitutions: substitutionsOf(config),
      routes,
      publicUrl: relay.publicUrl(),
    };
  }

  function tellSoon() {
    timer ??= setTimeout(() => {
      timer = undefined;
      line.tell({ events, moves });
      events = false;
      moves = [];
    }, GATHER_MS);
  }

  function stop(error: Error) {
    running = false;
    listening = false;
    clearTimeout(timer);
    forget();
    line.end(error);
  }

  return {
    running: () => running,
    busy: async () => await line.ask("busy").catch(() => false) || underWay > 0,
    listens: () => listening,
    async handle(request: Request, address: string): Promise<Response> {
      const data = requestData(request, address, streams);
      underWay++;
      try {
        return responseOf(await line.ask("handle", data, newSettings()), other);
      } finally {
        underWay--;
        if (data.body !== null) void streams.cancel(data.body).catch(() => {}); // what was not read is not wanted
      }
    },
    moved(move: Move) {
      moves.push(move);
      tellSoon();
    },
    close: () => void line.ask("close").catch(() => {}),
    async end() {
      let patience: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise((resolve) => patience = setTimeout(resolve, END_MS));
      await Promise.race([line.ask("end").catch(() => {}), late]);
      clearTimeout(patience);
      if (running) stop(new Error("The dashboard is closed"));
    },
  };
}
