/** The admin listener with everything it needs: a real store, receiver and dispatcher; plugins are plain functions. @module */
import { createAdmin } from "../../lib/admin/admin.tsx";
import { answersOf } from "../../lib/admin/ask_relay.ts";
import { createCounts } from "../../lib/admin/counts.ts";
import type { AdminParts, DryRun, RelayParts } from "../../lib/admin/parts.ts";
import { createThreadedAdmin, type ThreadedAdmin } from "../../lib/admin/threaded_admin.ts";
import { type Config, configSchema } from "../../lib/config/schema.ts";
import type { Job, Result } from "../../lib/dispatch/contract.ts";
import { createDispatcher } from "../../lib/dispatch/dispatcher.ts";
import { createLedger } from "../../lib/receive/ledger.ts";
import { createReceiver } from "../../lib/receive/receiver.ts";
import { resolveRoutes } from "../../lib/route/resolve.ts";
import { createPlan, type Plan } from "../../lib/route/plan.ts";
import type { PluginDescription } from "../../lib/sandbox/description.ts";
import type { PluginGrant, PluginStatus, RouteMistake } from "../../lib/sandbox/plugins.ts";
import { groupCommit } from "../../lib/store/group_commit.ts";
import type { Store } from "../../lib/store/contract.ts";
import { openStore } from "../../lib/store/open.ts";
import { type SignedRequest, signedRequest } from "../support/signed_request.ts";
import { GOLDEN_SECRET } from "../verify/golden_vectors.ts";

/** What a plugin answers for a job; throwing fails the attempt for good. */
export type Run = (job: Job) => Partial<Result> | void | Promise<Partial<Result> | void>;

/** What a test may set. */
export interface RoomSettings {
  admin?: Partial<Config["admin"]>;
  sources?: Partial<Config["sources"][number]>[];
  routes?: Record<string, unknown>[];
  /** By plugin. Default: every plugin succeeds. */
  run?: Run;
  now?: () => number;
  status?: Partial<PluginStatus>[];
  descriptions?: Partial<PluginDescription>[];
  mistakes?: RouteMistake[];
  grants?: PluginGrant[];
  /** Why the config that was saved last is not in force. */
  refusedConfig?: string;
  dryRun?: (route: string) => DryRun;
  /** Reopens the store of another room. */
  folder?: string;
  /** Has the dashboard in a thread of its own, as a relay has it; `now` is the machine's then. Or what runs there. */
  thread?: boolean | URL;
}

/** The URL of the store of a room whose folder this is. */
let storeOf = (_folder: string) => "sqlite:relay.db";

/** Has the rooms of this process keep their stores elsewhere. */
export function keepStoresAt(url: (folder: string) => string): void {
  storeOf = url;
}

/** An event for a coin, as the provider sends it. */
export function coinBody(id: string, changes: unknown[], name = id): string {
  return JSON.stringify({ event_type: "cg.coin.info.updated", data: { id, symbol: id, name, changes } });
}

/** A change of one field. */
export const update = (field: string, old_value: unknown, new_value: unknown) => ({
  field,
  change_type: "update",
  old_value,
  new_value,
});

/** Reads a live stream until it has said what is sought. Fails when it ends before. */
export async function readUntil(
  stream: ReadableStreamDefaultReader<string>,
  sought: string,
): Promise<string> {
  let said = "";
  while (!said.includes(sought)) {
    const { value, done } = await stream.read();
    if (done) throw new Error(`the stream ended before it said ${sought}: ${said}`);
    said += value;
  }
  return said;
}

/** Sets it up. Dispose of it at the end. */
export async function openRoom(settings: RoomSettings = {}) {
  const folder = settings.folder ?? await Deno.makeTempDir({ prefix: "coinrelay-admin-" });
  const now = settings.now ?? Date.now;
  let config = configSchema.parse({
    admin: settings.admin ?? {},
    sources: (settings.sources ?? [{}]).map((source) => ({
      name: "cryptosync",
      path: "/webhook",
      secrets: [GOLDEN_SECRET],
      ...source,
    })),
    retry: { maxAttempts: 2, minDelaySeconds: 0.001, maxDelaySeconds: 0.001 },
    routes: settings.routes ?? [],
  });
  const store = await openStore(storeOf(folder), folder);
  const ledger = createLedger(now());
  const counts = createCounts();
  const off = new Set<string>();
  const actions: [string, Record<string, unknown>][] = [];
  const faults: string[] = [];
  const descriptions = (settings.descriptions ?? []).map(whole);
  const routes = resolveRoutes(config, descriptions);
  const all = createPlan(routes);
  const plan: Plan = (content, at) => all(content, at).filter(({ route }) => !off.has(route));
  const receive = createReceiver({
    config,
    append: groupCommit(async (events) => {
      const began = performance.now();
      const appended = await store.append(events);
      counts.commit(events.length, performance.now() - began);
      return appended;
    }),
    plan,
    now,
    observe(receipt) {
      ledger.record(receipt);
      counts.receipt(receipt);
    },
  });
  let run: Run = settings.run ?? (() => {});
  const dispatcher = createDispatcher({
    store,
    runner: { run: async (job) => await runOnce(run, job), readyAt: () => 0 },
    plan,
    relay: crypto.randomUUID(),
    now,
    random: () => 0,
    observe(report) {
      counts.attempt(report);
      admin.observeAttempt(report);
    },
    onFault: (error) => {
      throw error;
    },
  });
  const relay: RelayParts = {
    store,
    config: () => config,
    routes: () => routes,
    switches: { off: () => off, set: (route, on) => on ? off.delete(route) : off.add(route) },
    plugins: {
      descriptions: () => descriptions,
      status: () => (settings.status ?? []).map(standing),
      grants: () => settings.grants ?? [],
    },
    mistakes: () => settings.mistakes ?? [],
    refusedConfig: () => settings.refusedConfig ?? null,
    dryRun: (route) =>
      Promise.resolve(settings.dryRun?.(route) ?? { outcome: "done", error: null, lines: [] }),
    ledger,
    counts,
    running: dispatcher.running,
    receive,
    publicUrl: () => "http://127.0.0.1:8080",
    now,
    onAction: (action, facts) => void actions.push([action, facts]),
    onFault: (message) => void faults.push(message),
  };
  const parts = partsOf(relay);
  const place = { store: storeOf(folder), folder };
  const admin = settings.thread
    ? createThreadedAdmin(relay, { ...place, ...(settings.thread !== true && { entry: settings.thread }) })
    : inThisThread(parts);
  const forget = store.onCommit((news) => dispatcher.wake(news.routes));
  dispatcher.configure(routes);

  /** Asks the admin listener, as a program on this machine does. */
  function ask(path: string, init: RequestInit & { from?: string } = {}): Promise<Response> {
    const request = new Request(`http://127.0.0.1:8081${path}`, { redirect: "manual", ...init });
    if (!request.headers.has("host")) request.headers.set("host", "127.0.0.1:8081");
    return admin.handle(request, {
      remoteAddr: { transport: "tcp", hostname: init.from ?? "127.0.0.1", port: 1 },
    });
  }

  return {
    admin,
    store,
    folder,
    place,
    config,
    setConfig: (next: Config) => void (config = next),
    relay,
    parts,
    off,
    actions,
    faults,
    ledger,
    dispatcher,
    ask,
    setRun: (next: Run) => void (run = next),
    /** Answer as JSON, whatever the status. */
    // deno-lint-ignore no-explicit-any
    json: async (path: string, init: RequestInit = {}): Promise<any> => await (await ask(path, init)).json(),
    post: (path: string, body: unknown = {}, headers: Record<string, string> = {}) =>
      ask(path, {
        method: "POST",
        body: JSON.stringify(body),
        headers: { "content-type": "application/json", ...headers },
      }),
    /** Sends a signed delivery to the public listener; answers its status. */
    async deliver(request: SignedRequest = {}, path = "/webhook"): Promise<number> {
      const response = await receive(new Request(`http://127.0.0.1:8080${path}`, signedRequest(request)));
      await response.body?.cancel();
      return response.status;
    },
    receive,
    /** Stops, and leaves the store for another room. */
    async close() {
      admin.close();
      forget();
      await dispatcher.stop(1000);
      await admin.end();
      await store.close();
    },
    async [Symbol.asyncDispose]() {
      await this.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** The dashboard without its thread. */
function inThisThread(parts: AdminParts): ThreadedAdmin {
  const { handle, moved, close } = createAdmin(parts);
  return {
    handle: (request, { remoteAddr }) => handle(request, (remoteAddr as Deno.NetAddr).hostname),
    observeAttempt({ job: { delivery, route, attempt: attempts }, settlement: { next: { state } } }) {
      moved({ delivery, route, state, attempts });
    },
    close,
    async end() {},
  };
}

async function runOnce(run: Run, job: Job): Promise<Result> {
  const nothing = { error: null, retryAfterSeconds: null, kv: [], emitted: [], sent: [], ms: null };
  try {
    return { outcome: "done", ...nothing, ...await run(job) };
  } catch (error) {
    return {
      outcome: "permanent",
      ...nothing,
      error: error instanceof Error ? error.message : String(error),
    };
  }
}

function whole(description: Partial<PluginDescription>): PluginDescription {
  return {
    name: "log",
    file: "log.ts",
    version: "abc123",
    description: null,
    filters: {},
    hasOptions: false,
    needsOptions: false,
    optionsSchema: null,
    usable: true,
    error: null,
    ...description,
  };
}

function standing(status: Partial<PluginStatus>): PluginStatus {
  return {
    name: "log",
    state: "running",
    pid: 1,
    memory: 12 * 1024 * 1024,
    running: 0,
    deaths: 0,
    waitsUntil: null,
    lastError: null,
    refused: [],
    ...status,
  };
}

/** A relay's parts as the dashboard wants them, where it is in the relay's own thread. */
function partsOf(relay: RelayParts): AdminParts {
  return {
    ...answersOf(relay),
    store: relay.store,
    config: relay.config,
    routes: relay.routes,
    publicUrl: relay.publicUrl,
    now: relay.now,
    onAction: relay.onAction,
    onFault: relay.onFault,
    onEvents: (listener) => relay.store.onCommit(({ lastSeq }) => lastSeq !== null && listener()),
  };
}

/** Makes dead letters, at `now`, of so many deliveries of the route "all" that are due then, in no time. */
export async function giveUp(store: Store, limit: number, now: number): Promise<void> {
  const routes = [{ route: "all", limit, order: "any" as const, rate: null }];
  const { claimed } = await store.claim({ relay: "test", now, leaseUntil: now + 1, routes });
  await store.settle(
    "test",
    claimed.map(({ delivery: { id, route } }) => ({
      delivery: id,
      attempt: { number: 1, startedAt: 0, durationMs: 1, outcome: "permanent", error: "no", sent: [] },
      next: { state: "dead" },
      route,
      kv: [],
      emitted: [],
    })),
    now,
  );
}
