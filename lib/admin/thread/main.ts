/// <reference lib="deno.worker" />
/** What runs in the dashboard's thread: see `threaded_admin.ts`. @module */
import { rememberSubstitutions } from "../../config/substitutions.ts";
import { type End, Line } from "../../line.ts";
import { StoreUnavailable } from "../../store/contract.ts";
import { STORE_ERRORS } from "../../store/known_errors.ts";
import { openReader, type StoreReader } from "../../store/reader.ts";
import { type Admin, createAdmin } from "../admin.tsx";
import type { AdminParts, AdminStore } from "../parts.ts";
import { requestOf, responseData, Streams } from "./exchange.ts";
import type { AdminQuestions, News, Place, RelayQuestions, Said, Settings } from "./questions.ts";

const streams = new Streams();
let settings: Settings;
let place: Place;
let admin: Admin;
let reader: Promise<StoreReader> | null = null;
/** Who waits for events. */
const listeners = new Set<() => void>();

const line: Line<RelayQuestions, AdminQuestions> = new Line(self as unknown as End, {
  errors: STORE_ERRORS,
  onTold(told) {
    const { events, moves } = told as News;
    for (const move of moves) admin.moved(move);
    if (events) { for (const listener of listeners) listener(); }
  },
  answers: {
    open(where, first) {
      place = where;
      use(first);
      admin = createAdmin(partsHere());
    },
    async handle(request, newer) {
      use(newer);
      return await responseData(await admin.handle(requestOf(request, other), request.address), streams);
    },
    read: (stream) => streams.read(stream),
    cancel: (stream) => streams.cancel(stream),
    busy: () => streams.open > 0 || admin.busy(),
    close: () => admin.close(),
    async end() {
      admin.close();
      await (await reader)?.close();
    },
  },
});

const other = {
  read: (stream: number) => line.ask("read", stream),
  cancel: (stream: number) => line.ask("cancel", stream),
};

function use(newer: Settings | null) {
  if (newer === null || newer.version <= (settings?.version ?? 0)) return;
  settings = newer;
  rememberSubstitutions(settings.config, settings.substitutions);
}

/** The store's reader, opened when it is first needed, and again when that failed. */
async function reading(): Promise<StoreReader> {
  reader ??= openReader(place.store, place.folder, {
    events: (filter, page) => line.ask("events", filter, page),
    deliveries: (filter, page) => line.ask("deliveries", filter, page),
  });
  try {
    return await reader;
  } catch (cause) {
    reader = null;
    throw new StoreUnavailable((cause as Error).message, { cause });
  }
}

/** What is read is read here; what changes the store goes through the relay's own. */
const store: AdminStore = {
  event: async (key) => (await reading()).event(key),
  events: async (filter, page) => (await reading()).events(filter, page),
  delivery: async (id) => (await reading()).delivery(id),
  deliveries: async (filter, page) => (await reading()).deliveries(filter, page),
  attempts: async (delivery) => (await reading()).attempts(delivery),
  counts: async () => (await reading()).counts(),
  kvList: async (route) => (await reading()).kvList(route),
  retry: (filter, now) => line.ask("retry", filter, now),
  discard: (filter, now) => line.ask("discard", filter, now),
  replay: (wishes, now) => line.ask("replay", wishes, now),
  ready: () => line.ask("ready"),
};

function partsHere(): AdminParts {
  return {
    store,
    config: () => settings.config,
    routes: () => settings.routes,
    async standing() {
      const { standing, settings } = await line.ask("standing");
      use(settings);
      return standing;
    },
    days: () => line.ask("days"),
    refusals: (source) => line.ask("refusals", source),
    counted: () => line.ask("counted"),
    switchRoute: (route, on) => line.ask("switchRoute", route, on),
    dryRun: (route, event) => line.ask("dryRun", route, event),
    receive: (path, headers, body) => line.ask("receive", path, headers, body),
    publicUrl: () => settings.publicUrl,
    now: Date.now,
    onAction: (action, facts) => line.tell({ action, facts } satisfies Said),
    onFault: (fault) => line.tell({ fault } satisfies Said),
    onEvents(listener) {
      listeners.add(listener);
      if (listeners.size === 1) void line.ask("listen", true);
      return () => {
        if (listeners.delete(listener) && listeners.size === 0) void line.ask("listen", false);
      };
    },
  };
}
