/** The relay, composed: the listeners, the store, the plugins, and the dispatcher between them. @module */
import { join, resolve } from "@std/path";
import type { Config } from "./config/schema.ts";
import { createDispatcher } from "./dispatch/dispatcher.ts";
import { logOf } from "./log.ts";
import { createNarrator } from "./narrate.ts";
import { createReceiver, unavailable } from "./receive/receiver.ts";
import { createPlan, type Plan } from "./route/plan.ts";
import { resolveRoutes, type Route } from "./route/resolve.ts";
import { createPlugins } from "./sandbox/plugins.ts";
import { groupCommit } from "./store/group_commit.ts";
import { openStore } from "./store/open.ts";
import { pruneAll, retentionLimits } from "./store/retention.ts";

/** A running relay. */
export interface Relay {
  /** Where the public listener listens, such as `http://127.0.0.1:8080`. */
  url: string;
  /**
   * Puts another config in force.
   *
   * @returns What of it takes effect only at the next start, as paths such as `server.port`.
   */
  reconfigure(config: Config): Promise<string[]>;
  /** Takes nothing more, lets up to `graceMs` pass for what runs, gives the rest back, and closes everything. */
  stop(graceMs: number): Promise<void>;
}

const PRUNE_EVERY_MS = 10 * 60 * 1000;
const PRUNE_PAUSE_MS = 50;

/** Starts a relay. Paths in the config are relative to `folder`. Rejects with what could not be started and why. */
export async function startRelay(initial: Config, folder: string): Promise<Relay> {
  const now = Date.now;
  const log = logOf("relay");
  let config = initial;
  let routes: Route[] = [];
  let current = createPlan([]);
  const plan: Plan = (content, at) => current(content, at);
  const narrator = createNarrator(now);
  const ending = new AbortController();

  const store = await openStore(config.store, folder);
  const plugins = await createPlugins({
    folder: resolve(folder, config.pluginsDir),
    root: resolve(import.meta.dirname ?? ".", ".."),
    base: folder,
    hidden: ["config.json", ".env"].map((name) => join(folder, name)),
    now,
  });
  const dispatcher = createDispatcher({
    store,
    runner: plugins.runner,
    plan,
    relay: crypto.randomUUID(),
    now,
    random: Math.random,
    observe: narrator.attempt,
    onFault: (error) => log.error(`the store cannot be used, trying again: ${messageOf(error)}`),
  });
  store.onCommit((news) => dispatcher.wake(news.routes));
  const append = groupCommit((events) => store.append(events));
  const makeReceiver = () => createReceiver({ config, append, plan, now, observe: narrator.receipt });
  let receive = makeReceiver();

  async function setRoutes() {
    routes = resolveRoutes(config, plugins.descriptions());
    current = createPlan(routes);
    const mistakes = await plugins.configure(routes);
    for (const { route, path, message } of mistakes) {
      log.error(`its deliveries wait: ${path}: ${message}`, { route });
    }
    dispatcher.configure(routes);
  }
  await setRoutes();
  plugins.onChange(() => setRoutes().catch((error) => log.error(`cannot set routes: ${messageOf(error)}`)));

  const server = Deno.serve({
    hostname: config.server.hostname,
    port: config.server.port,
    onListen() {},
    onError(error) {
      log.error(`cannot answer a request: ${messageOf(error)}`);
      return unavailable();
    },
  }, (request) => receive(request));

  const pruning = setInterval(async () => {
    try {
      const pause = () => new Promise<void>((wake) => setTimeout(wake, PRUNE_PAUSE_MS));
      const count = await pruneAll(store, retentionLimits(config, now()), ending.signal, pause);
      if (count > 0) log.info(`deleted ${count} events older than ${config.retention.days} days`);
    } catch (error) {
      log.warn(`cannot delete old events, trying again later: ${messageOf(error)}`);
    }
  }, PRUNE_EVERY_MS);

  return {
    url: `http://${
      server.addr.hostname === "0.0.0.0" ? "127.0.0.1" : server.addr.hostname
    }:${server.addr.port}`,
    async reconfigure(next) {
      const waiting = RESTART_NEEDED.filter((path) => valueAt(next, path) !== valueAt(config, path));
      config = { ...next, store: config.store, pluginsDir: config.pluginsDir };
      receive = makeReceiver();
      await setRoutes();
      return waiting;
    },
    async stop(graceMs) {
      ending.abort();
      clearInterval(pruning);
      const closed = server.shutdown();
      await dispatcher.stop(graceMs);
      await plugins.stop(graceMs);
      await Promise.race([closed, new Promise((done) => setTimeout(done, graceMs))]);
      await store.close();
    },
  };
}

/** Parts of the config that a running relay cannot change. */
const RESTART_NEEDED = [
  "server.hostname",
  "server.port",
  "admin.hostname",
  "admin.port",
  "store",
  "pluginsDir",
] as const;

function valueAt(config: Config, path: typeof RESTART_NEEDED[number]): unknown {
  return path.split(".").reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], config);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
