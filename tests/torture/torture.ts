/**
 * Kills the relay again and again while a provider sends and a receiver fails, and sees what is left.
 *
 * @module
 */
import { LEASE_VARIABLE } from "../../lib/dispatch/leases.ts";
import { FAILPOINT_VARIABLE, FAILPOINTS } from "../../lib/failpoint.ts";
import { StoreUnavailable } from "../../lib/store/contract.ts";
import { openStore } from "../../lib/store/open.ts";
import { createRandom } from "../support/random.ts";
import { createRelayFolder, type RelayProcess, SECRET } from "../support/relay_process.ts";
import { until } from "../support/until.ts";
import { startBadReceiver } from "./bad_receiver.ts";
import { examine, type Findings } from "./examine.ts";
import { startProvider } from "./provider.ts";

/** What is asked for. */
export interface TortureSettings {
  kills: number;
  events: number;
  /** Begins no new kill after so many seconds. */
  seconds?: number;
  seed: number;
  /** URL of the store (default: a SQLite file of its own). */
  store?: string;
  /** Crashes the store's server and starts it again: done in some of the relay's lives, and while all is brought to an end. */
  crash?(): Promise<void>;
  /** Told now and then. */
  onProgress?(text: string): void;
}

/** What came of it. */
export interface TortureReport extends Findings {
  seed: number;
  seconds: number;
  kills: number;
  /** How often the store's server crashed. */
  crashes: number;
  /** Dead letters that were tried again in between. */
  retried: number;
  /** Kills by the step at which they came; `random`: at any time. */
  killsAt: Record<string, number>;
  tries: number;
  unanswered: number;
  /** Answers to the provider that no relay should give. */
  strange: string[];
  /** How the receiver behaved, by how often. */
  receiver: Record<string, number>;
}

/** The paced route's limit. */
export const PACE = { count: 40, perMs: 1000 };
/** Share of kills that come at a step; the others come at any time. */
const AT_A_STEP = 0.6;
/** A step may be passed so often before the kill. */
const MOST_PASSED = 60;
/** A relay that does not come to its step is killed after so long. */
const LONGEST_LIFE_MS = 1500;
/** In some of its lives the store's server crashes under the relay. */
const WITH_CRASH = 0.5;
/** And so often while all is brought to an end. */
const LAST_CRASHES = 3;
/** Some kills come while the relay still starts. */
const WHILE_STARTING = 0.08;
/** A long run piles up what the paced route may only make slowly. */
const DRAIN_MS = 30 * 60_000;
/** A step that every event passes comes soon. */
const FIRST_STEP_MS = 60_000;

/** Does it. */
export async function torture(settings: TortureSettings): Promise<TortureReport> {
  const random = createRandom(settings.seed);
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  const { store: storeUrl = "sqlite:./data/relay.db" } = settings;
  await using receiver = await startBadReceiver(createRandom(settings.seed + 1));
  const http = await Deno.readTextFile(new URL("../../plugins/http.ts", import.meta.url));
  await using folder = await createRelayFolder({
    plugins: { "http.ts": http }, // alone: a relay with ten plugins takes longer to start
    config: { store: storeUrl, routes: routesTo(receiver.url) },
    env: { [LEASE_VARIABLE]: "6" }, // a store that is shared gives back when a lease ends, not when a relay starts
  });
  const killsAt: Record<string, number> = {};
  const faults: string[] = [];
  const crashes: { from: number; to: number }[] = [];
  let kills = 0;
  let url = "http://127.0.0.1:9/webhook";

  const relayIs = (relay: RelayProcess) => url = `${relay.url}/webhook`;
  relayIs(await folder.start().then(async (relay) => (await relay.kill(), relay))); // the store is made
  const store = await openStore(storeUrl, folder.folder, { shared: true });
  const provider = startProvider({
    secret: SECRET,
    random: createRandom(settings.seed + 2),
    url: () => url,
    events: settings.events,
    released: () => Math.ceil(settings.events * (kills + 1) / Math.max(1, settings.kills)),
  });
  const replays: number[] = [];
  let retried = 0;

  /** A person asks for replays, and has dead letters tried again, while all this goes on. */
  async function decideSome() {
    const accepted = [...provider.events.values()].filter(({ fate }) => fate === "accepted");
    if (accepted.length === 0) return;
    try {
      if (random.chance(0.5)) retried += await store.retry({ states: ["dead"] }, Date.now());
      const [made] = await store.deliveries(
        { eventId: random.pick(accepted).id, routes: ["all"], states: ["done"] },
        { limit: 1 },
      );
      if (made === undefined) return;
      const wish = { event: made.event, route: "all", matched: made.matched, replayOf: made.id };
      replays.push(...await store.replay([wish, wish], Date.now()));
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error; // then nothing was written
    }
  }

  async function crash() {
    const from = Date.now();
    await settings.crash!();
    crashes.push({ from, to: Date.now() });
  }

  async function oneLife() {
    const first = FAILPOINTS[kills]; // each step once, then as it falls
    const step = first ?? (random.chance(AT_A_STEP) ? random.pick(FAILPOINTS) : null);
    const passed = 1 + random.below(first === undefined ? MOST_PASSED : 5);
    const starting = folder.spawn(step === null ? {} : { [FAILPOINT_VARIABLE]: `${step}:${passed}` });
    const listening = starting.listening.then(relayIs, () => {}); // it may be killed before it listens
    const early = step === null && random.chance(WHILE_STARTING);
    if (!early) await listening;
    if (random.chance(0.3)) await decideSome();
    if (settings.crash && random.chance(WITH_CRASH)) await crash();
    const life = first ? FIRST_STEP_MS : step ? LONGEST_LIFE_MS : random.below(early ? 300 : 1000);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const lived = new Promise<boolean>((resolve) => timer = setTimeout(resolve, life, true));
    const late = await Promise.race([starting.ended.then(() => false), lived]);
    clearTimeout(timer);
    await starting.kill();
    await listening;
    const { signal, code } = await starting.ended;
    if (signal !== "SIGKILL") faults.push(`the relay ended by itself, with ${signal ?? code}`);
    const at = late || step === null ? "random" : step;
    killsAt[at] = (killsAt[at] ?? 0) + 1;
    kills++;
    settings.onProgress?.(`${kills} kills, ${provider.events.size} events, ${receiver.acts.length} acts`);
  }

  while (kills < settings.kills && seconds() < (settings.seconds ?? Infinity)) await oneLife();
  if (kills < settings.kills) provider.end();

  const relay = await folder.start();
  relayIs(relay);
  kills = Math.max(kills, settings.kills); // all events are released
  receiver.relent();
  const drained = async () => {
    settings.onProgress?.(`waiting until all is done: ${receiver.acts.length} acts`);
    const left = (await store.counts()).filter(({ state }) => state === "pending" || state === "running");
    return provider.isDone() && left.length === 0;
  };
  for (let last = 0; settings.crash && last < LAST_CRASHES; last++) {
    const acted = receiver.acts.length;
    await until("it acts again", async () => receiver.acts.length > acted + 20 || await drained(), DRAIN_MS);
    await crash();
  }
  await until("all deliveries are done or dead", drained, DRAIN_MS);
  receiver.cure();
  await store.retry({ states: ["dead"] }, Date.now());
  await until("the dead letters are done too", drained, DRAIN_MS);
  const exitCode = await relay.stop();
  await store.close();

  const findings = await examine({
    store: storeUrl,
    folder: folder.folder,
    provider,
    acts: receiver.acts,
    replays,
    pace: PACE,
    crashes,
  });
  findings.faults.push(...faults);
  if (exitCode !== 0) findings.faults.push(`the relay ended with ${exitCode} when it was told to stop`);
  return {
    seed: settings.seed,
    seconds: Math.round(seconds()),
    kills: Object.values(killsAt).reduce((a, b) => a + b, 0),
    crashes: crashes.length,
    killsAt,
    retried,
    ...findings,
    tries: provider.counts.tries,
    unanswered: provider.counts.unanswered,
    strange: provider.counts.strange,
    receiver: receiver.ways,
  };
}

/** Everything that no run may show. */
export function breaches({ lost, unaccepted, unexplained, faults, strange }: TortureReport): string[] {
  return Object.entries({ lost, unaccepted, unexplained, faults, strange })
    .flatMap(([kind, found]) => found.map((one) => `${kind}: ${one}`));
}

/** Every event goes to two routes or more, each of which promises something else. */
function routesTo(url: string) {
  const retry = { minDelaySeconds: 0.05, maxDelaySeconds: 0.4, maxAttempts: 1000 };
  const route = (name: string, more: Record<string, unknown> = {}) => ({
    name,
    plugin: "http",
    events: ["cg.*"],
    options: { url: `${url}/${name}` },
    timeoutSeconds: 1,
    retry,
    ...more,
  });
  return [
    route("all"),
    route("ordered", { order: "coin", coins: ["coin-*"] }),
    route("paced", { rateLimit: `${PACE.count}/s`, fields: ["name"] }),
    route("poisoned", { coins: ["poison-*"], fields: ["links.*"] }),
    route("told", { events: ["relay.delivery.dead"] }),
  ];
}
