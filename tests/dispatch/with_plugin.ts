/** A store, a dispatcher, and a plugin in a process of its own. @module */
import { createDispatcher, type Dispatcher } from "../../lib/dispatch/dispatcher.ts";
import { configSchema } from "../../lib/config/schema.ts";
import type { DeliveryState } from "../../lib/nouns.ts";
import { resolveRoutes } from "../../lib/route/resolve.ts";
import type { Store } from "../../lib/store/contract.ts";
import { openStore } from "../../lib/store/open.ts";
import type { PluginsOptions } from "../../lib/sandbox/plugins.ts";
import { anEvent } from "../store/fixtures.ts";
import { type House, house } from "../sandbox/support.ts";

/** What runs. */
export interface WithPlugin extends AsyncDisposable {
  home: House;
  store: Store;
  dispatcher: Dispatcher;
  /** What the dispatcher was told of that went wrong. */
  faults: unknown[];
  /** Sets the routes, each with these settings over its own. */
  configure(settings?: Record<string, unknown>): Promise<void>;
  /** Stores events with a delivery for each route, due at once; each says its number. */
  add(events: number): Promise<void>;
  /** How many deliveries of all routes are in a state. */
  count(state: DeliveryState): Promise<number>;
}

/** Starts it with a plugin of this source, and with routes of it by name and settings, but without deliveries. */
export async function startWithPlugin(
  source: string,
  routes: Record<string, Record<string, unknown>>,
  limits: PluginsOptions["limits"] = {},
): Promise<WithPlugin> {
  const home = await house({ "plugin.ts": source }, { limits });
  const store = await openStore("sqlite:relay.db", home.base);
  const faults: unknown[] = [];
  const dispatcher = createDispatcher({
    store,
    runner: home.plugins.runner,
    plan: () => [],
    relay: "relay-1",
    now: Date.now,
    random: () => 0.5,
    observe() {},
    onFault: (error) => faults.push(error),
  });
  store.onCommit((news) => dispatcher.wake(news.routes));
  home.plugins.onChange(() => dispatcher.wake());

  async function configure(settings: Record<string, unknown> = {}) {
    const resolved = resolveRoutes(
      configSchema.parse({
        sources: [{ name: "s", path: "/webhook", secrets: ["whsec_of_the_test"] }],
        retry: { maxAttempts: 100, minDelaySeconds: 0.01, maxDelaySeconds: 0.1 },
        routes: Object.entries(routes).map(([name, own]) => ({
          name,
          plugin: "plugin",
          ...own,
          ...settings,
        })),
      }),
      [],
    );
    await home.plugins.configure(resolved);
    dispatcher.configure(resolved);
  }

  await configure();
  return {
    home,
    store,
    dispatcher,
    faults,
    configure,
    async add(events) {
      const now = Date.now();
      const deliveries = Object.keys(routes).map((route) => ({ route, matched: null, dueAt: now }));
      const body = (number: number) =>
        new TextEncoder().encode(`{"event_type":"cg.coin.listed","data":{"id":"aave","number":${number}}}`);
      const parts = { type: "cg.coin.listed", coin: "aave", receivedAt: now, deliveries };
      await store.append(
        Array.from(
          { length: events },
          (_, number) => anEvent(`evt-${number}`, { ...parts, body: body(number) }),
        ),
      );
    },
    async count(wanted) {
      const counts = await store.counts();
      return counts.reduce((sum, { state, count }) => state === wanted ? sum + count : sum, 0);
    },
    async [Symbol.asyncDispose]() {
      await dispatcher.stop(0);
      await store.close();
      await home[Symbol.asyncDispose]();
    },
  };
}
