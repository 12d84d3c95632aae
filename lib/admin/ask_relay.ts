/** What the dashboard asks of the relay, answered where the relay's parts are. @module */
import type { AdminParts, RelayParts } from "./parts.ts";

/** The part of {@linkcode AdminParts} that only the relay can answer. */
export type RelayAnswers = Pick<
  AdminParts,
  "standing" | "days" | "refusals" | "counted" | "switchRoute" | "dryRun" | "receive"
>;

/** Answers from a relay's parts. */
export function answersOf(relay: RelayParts): RelayAnswers {
  const { ledger, plugins, switches } = relay;
  const bySource = <T>(look: (name: string) => T) =>
    new Map(relay.config().sources.map(({ name }) => [name, look(name)]));

  return {
    // deno-lint-ignore require-await
    async standing() {
      const now = relay.now();
      return {
        since: ledger.since,
        sources: bySource((name) => ({ record: ledger.source(name, now), recent: ledger.recent(name, now) })),
        plugins: {
          descriptions: plugins.descriptions().map(({ optionsSchema: _, ...plugin }) => plugin),
          status: plugins.status(),
          grants: plugins.grants(),
        },
        mistakes: relay.mistakes(),
        off: new Set(relay.switches.off()),
        running: new Map(relay.running()),
      };
    },
    // deno-lint-ignore require-await
    async days() {
      const now = relay.now();
      return bySource((name) => ledger.day(name, now));
    },
    // deno-lint-ignore require-await
    async refusals(source) {
      return ledger.refusals(source);
    },
    // deno-lint-ignore require-await
    async counted() {
      return relay.counts.read();
    },
    // deno-lint-ignore require-await
    async switchRoute(route, on) {
      switches.set(route, on);
    },
    async dryRun(route, event) {
      if (relay.dryRun === undefined) throw new TypeError("This relay cannot try plugins dry");
      return await relay.dryRun(route, event);
    },
    async receive(path, headers, body) {
      const init = { method: "POST", headers: { ...headers }, body: body.slice() };
      const response = await relay.receive(new Request(`http://localhost${path}`, init));
      return { status: response.status, answer: await response.json() };
    },
  };
}

/** A relay's parts as the dashboard wants them, for a dashboard in the relay's own thread. */
export function partsOf(relay: RelayParts): AdminParts {
  return {
    ...answersOf(relay),
    store: relay.store,
    config: relay.config,
    routes: relay.routes,
    mayTry: relay.dryRun !== undefined,
    publicUrl: relay.publicUrl,
    now: relay.now,
    onAction: relay.onAction,
    onEvents: (listener) => relay.store.onCommit(({ lastSeq }) => lastSeq !== null && listener()),
  };
}
