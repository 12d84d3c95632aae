/** The relay, composed: the listeners, the store, the plugins, and the dispatcher between them. @module */
import { dirname, resolve } from "@std/path";
import { createCounts } from "./admin/counts.ts";
import type { RelayParts } from "./admin/parts.ts";
import { createThreadedAdmin } from "./admin/threaded_admin.ts";
import { localUrl } from "./config/local_url.ts";
import { maskText } from "./config/mask.ts";
import type { Config } from "./config/schema.ts";
import { createSecretMemory } from "./config/secrets.ts";
import { carrySubstitutions } from "./config/substitutions.ts";
import { type AttemptReport, createDispatcher } from "./dispatch/dispatcher.ts";
import { late } from "./late.ts";
import { logOf } from "./log.ts";
import { messageOf } from "./message_of.ts";
import { createLedger } from "./receive/ledger.ts";
import { createReceiver, type Receipt, unavailable } from "./receive/receiver.ts";
import { listen } from "./relay/listen.ts";
import { createNarrator } from "./relay/narrate.ts";
import { startUpkeep } from "./relay/upkeep.ts";
import { createPlan, type Plan } from "./route/plan.ts";
import { resolveRoutes, type Route } from "./route/resolve.ts";
import { createPlugins, type PluginsOptions, type RouteMistake } from "./sandbox/plugins.ts";
import { keptOfPlugins, secretFiles } from "./secret_files.ts";
import type { NewEvent } from "./store/contract.ts";
import { groupCommit } from "./store/group_commit.ts";
import { openStore } from "./store/open.ts";
import { openTrace } from "./trace.ts";
import { startWatchdog } from "./watchdog.ts";
import { pluginHealth } from "./watchdog/plugin_trouble.ts";
import { createTeller } from "./watchdog/teller.ts";

/** A running relay. */
export interface Relay {
  /** Where the public listener listens, such as `http://127.0.0.1:8080`. */
  url: string;
  /** Where the admin listener listens. */
  adminUrl: string;
  /** Whether its store has no event. */
  isUnused(): Promise<boolean>;
  /**
   * Puts another config in force. If that fails, it rejects, and the one before stays in force.
   *
   * @returns What of it takes effect only at the next start, as paths such as `server.port`.
   */
  reconfigure(config: Config): Promise<string[]>;
  /** Tells the dashboard why a config that was saved is not in force; the next one that is put in force ends it. */
  refuseConfig(why: string): void;
  /** Takes nothing more, lets up to `graceMs` pass for what runs, gives the rest back, and closes everything. */
  stop(graceMs: number): Promise<void>;
}

/**
 * Starts a relay. Paths in the config are relative to its file's folder. Rejects with what could not be started and why.
 *
 * @param configFile Where the config stands; it is not read.
 */
export async function startRelay(initial: Config, configFile: string): Promise<Relay> {
  const folder = dirname(configFile);
  const now = Date.now;
  const log = logOf("relay");
  let config = initial;
  const secretsOf = createSecretMemory(); // jobs under way may still have those of the config before
  const secrets = () => secretsOf(config);

  const narrator = createNarrator(now);
  const ledger = createLedger(now());
  const counts = createCounts();
  const trace = await openTrace(Deno.env.toObject(), (text) => maskText(text, secrets()));

  const kept = keptOfPlugins(config, folder);
  const pluginsOptions: PluginsOptions = {
    folder: resolve(folder, config.pluginsDir),
    base: folder,
    hidden: secretFiles(config, configFile),
    knownFile: kept?.said ?? null,
    keptFolder: kept?.versions ?? null,
    pressing: new Set(config.routes.map(({ plugin }) => plugin)),
    ownPorts: [config.admin.port],
    secrets,
    now,
  };
  const [store, plugins] = await Promise.all([
    openStore(config.store, folder),
    createPlugins(pluginsOptions),
  ]);

  const append = trace.append(groupCommit(async (events: readonly NewEvent[]) => {
    const began = performance.now();
    const appended = await store.append(events);
    const tookMs = performance.now() - began;
    counts.commit(events.length, tookMs);
    narrator.commit(events.length, tookMs);
    return appended;
  }));

  let routes: Route[] = [];
  let mistakes: RouteMistake[] = [];
  let refusedConfig: string | null = null;
  const off = new Set<string>();
  const routesOn = () => routes.filter(({ name }) => !off.has(name));
  let planned = createPlan([]);
  const plan: Plan = (content, at) => planned(content, at);

  const observeAttempt = (report: AttemptReport) => {
    narrator.attempt(report);
    counts.attempt(report);
    admin.observeAttempt(report);
  };
  const dispatcher = createDispatcher({
    store: trace.store(store),
    runner: trace.runner(plugins.runner),
    plan,
    relay: crypto.randomUUID(),
    now,
    random: Math.random,
    observe: trace.attempt(observeAttempt),
    onFault: narrator.fault,
  });
  store.onCommit((news) => trace.apart(() => dispatcher.wake(news.routes)));

  const observeReceipt = (receipt: Receipt) => {
    narrator.receipt(receipt);
    ledger.record(receipt);
    counts.receipt(receipt);
    watchdog.receipt(receipt);
    trace.receipt(receipt);
  };
  const makeReceiver = () => createReceiver({ config, append, plan, now, observe: observeReceipt });
  let receive = makeReceiver();

  const teller = createTeller({
    append,
    plan,
    now,
    onFault: (error) =>
      log.error(`cannot store what the relay has to tell, trying again: ${messageOf(error)}`),
  });
  const watchdog = await startWatchdog({
    store,
    config: () => config,
    plugins: () => pluginHealth(routesOn(), mistakes, plugins.status()),
    teller,
    now,
  });

  let dryRun: RelayParts["dryRun"] | undefined;
  const admin = createThreadedAdmin({
    store,
    config: () => config,
    routes: () => routes,
    switches: {
      off: () => off,
      set(route, on) {
        if (on) off.delete(route);
        else off.add(route);
        putInForce();
      },
    },
    plugins,
    mistakes: () => mistakes,
    refusedConfig: () => refusedConfig,
    async dryRun(route, event) {
      const { createDryRun } = await late<typeof import("./try/dry_run.ts")>(
        import.meta.resolve("./try/dry_run.ts"),
      );
      dryRun ??= createDryRun({ plugins: pluginsOptions, store, config: () => config, routes: () => routes });
      return await dryRun(route, event);
    },
    ledger,
    counts,
    running: () => dispatcher.running(),
    receive: (request) => receive(request),
    publicUrl: () => localUrl(server.addr),
    now,
    onAction: (action, facts) => logOf("admin").info(action, facts),
    onFault: (message) => logOf("admin").error(message),
  }, { store: config.store, folder });

  /** The routes that are on take events and make deliveries. */
  function putInForce() {
    planned = createPlan(routesOn());
    dispatcher.configure(routesOn());
  }

  let setting: Promise<unknown> = Promise.resolve();
  /** One at a time, so that what is set last holds, however long a plugin takes to answer. */
  function setRoutes(): Promise<void> {
    const set = setting.then(async () => {
      routes = resolveRoutes(config, plugins.descriptions());
      mistakes = await plugins.configure(routes);
      for (const { route, path, message } of mistakes) {
        log.error(`its deliveries wait: ${path}: ${message}`, { route });
      }
      putInForce();
    });
    setting = set.catch(() => {});
    return set;
  }
  await setRoutes();
  plugins.onChange(() => {
    // What arrives from now on is for these routes; they are not kept waiting by a plugin that does not answer.
    routes = resolveRoutes(config, plugins.descriptions());
    planned = createPlan(routesOn());
    setRoutes().catch((error) => log.error(`cannot set routes: ${messageOf(error)}`));
  });

  const shared = {
    onError(error: unknown) {
      log.error(`cannot answer a request: ${messageOf(error)}`);
      return unavailable();
    },
    onFault: (error: unknown) => log.error(`cannot take connections, trying again: ${messageOf(error)}`),
  };
  const adminServer = listen({
    ...address(config.admin),
    handler: (request, info) => admin.handle(request, info),
    ...shared,
  });
  const server = listen({ ...address(config.server), handler: (request) => receive(request), ...shared });
  const upkeep = startUpkeep({ store, config: () => config, now });
  void plugins.lookAtAll();

  return {
    url: localUrl(server.addr),
    adminUrl: localUrl(adminServer.addr),
    isUnused: async () => (await store.events({}, { limit: 1 })).length === 0,
    async reconfigure(next) {
      const before = { config, off: [...off] };
      secrets(); // of the config before: nothing may have asked for them yet
      // Also where we listen, by which the guard judges whether strangers can reach the dashboard.
      config = carrySubstitutions(next, {
        ...next,
        server: { ...next.server, ...address(initial.server) },
        admin: { ...next.admin, ...address(initial.admin) },
        store: initial.store,
        pluginsDir: initial.pluginsDir,
      });
      secrets(); // of this one: they stay known should it not come into force
      off.clear();
      try {
        await setRoutes();
      } catch (error) {
        config = before.config;
        for (const name of before.off) off.add(name);
        await setRoutes();
        throw error;
      }
      receive = makeReceiver();
      refusedConfig = null;
      return RESTART_NEEDED.filter((path) => valueAt(next, path) !== valueAt(initial, path));
    },
    refuseConfig: (why) => void (refusedConfig = why),
    async stop(graceMs) {
      upkeep.stop();
      watchdog.stop();
      admin.close();
      const end = performance.now() + graceMs;
      const left = () => Math.max(0, end - performance.now());
      const closed = Promise.all([server.shutdown(), adminServer.shutdown()]);
      await dispatcher.stop(left());
      await plugins.stop(Math.max(left(), PLUGINS_GRACE_MS));
      await Promise.race([closed, new Promise((done) => setTimeout(done, left()))]);
      await teller.stop();
      await admin.end();
      await store.close();
    },
  };
}

/** Plugins that run nothing any more get this much time to end in order, whatever is left. */
const PLUGINS_GRACE_MS = 500;

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

function address({ hostname, port }: { hostname: string; port: number }) {
  return { hostname, port };
}
