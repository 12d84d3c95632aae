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
    standing() {
      const now = relay.now();
      return Promise.resolve({
        since: ledger.since,
        sources: bySource((name) => ({ record: ledger.source(name, now), recent: ledger.recent(name, now) })),
        plugins: {
          descriptions: plugins.descriptions().map(({ optionsSchema: _, ...plugin }) => plugin),
          status: plugins.status(),
          grants: plugins.grants(),
        },
        mistakes: relay.mistakes(),
        refusedConfig: relay.refusedConfig(),
        off: new Set(switches.off()),
        running: new Map(relay.running()),
      });
    },
    days() {
      const now = relay.now();
      return Promise.resolve(bySource((name) => ledger.day(name, now)));
    },
    refusals: (source) => Promise.resolve(ledger.refusals(source)),
    counted: () => Promise.resolve(relay.counts.read()),
    switchRoute: (route, on) => Promise.resolve(switches.set(route, on)),
    dryRun: (route, event) => relay.dryRun(route, event),
    async receive(path, headers, body) {
      const init = { method: "POST", headers: { ...headers }, body: body.slice() };
      const response = await relay.receive(new Request(`http://localhost${path}`, init));
      return { status: response.status, answer: await response.json() };
    },
  };
}
