/** What the relay says of itself: sources that refuse deliveries or are silent, plugins that cannot run. @module */
import type { Config } from "./config/schema.ts";
import { logOf } from "./log.ts";
import type { JsonObject, StoredEvent } from "./nouns.ts";
import { OWN_SOURCE } from "./dispatch/own_event.ts";
import type { Receipt } from "./receive/receiver.ts";
import { createRejecting, type Rejecting, REJECTING_EVENT_TYPE } from "./watchdog/rejecting.ts";
import { createSilence, type Silence, SILENT_EVENT_TYPE } from "./watchdog/silence.ts";
import { createPluginTrouble, FAILING_EVENT_TYPE, type PluginHealth } from "./watchdog/plugin_trouble.ts";
import type { Store } from "./store/contract.ts";
import type { Teller } from "./watchdog/teller.ts";

/** What the watchdog needs from its surroundings. */
export interface WatchdogParts {
  store: Pick<Store, "event" | "events">;
  /** The config in force. */
  config(): Pick<Config, "sources">;
  /** How the plugins stand that routes in force use. */
  plugins(): PluginHealth[];
  teller: Pick<Teller, "tell">;
  /** Milliseconds since 1970. */
  now(): number;
}

/** Watches. */
export interface Watchdog {
  /** Takes note of what a source received. */
  receipt(receipt: Receipt): void;
  /** Looks at all that time alone makes worth telling; called by a timer of its own too. */
  look(): void;
  stop(): void;
}

const LOOK_EVERY_MS = 1000;
/** So often the store is asked whether another relay has taken what this one refused. */
const ASK_EVERY_MS = 30_000;
/** So many of a source's newest events are looked at for one that is no test. */
const NEWEST_LOOKED_AT = 10;
/** So many times as many, where it matters when it came: a person may have sent many tests. */
const PAGES_LOOKED_AT = 20;
/** So many of the events told before the start are looked at: a source's last is among them, or long past. */
const TOLD_LOOKED_AT = 200;

interface SourceWatch {
  rejecting: Rejecting;
  /** When {@linkcode ASK_EVERY_MS} began. */
  askedAt: number;
  silence: Silence | null;
  /** What the silence was made from. */
  silentMinutes: number | undefined;
}

/** Starts watching, going on with what a process before this one has told. */
export async function startWatchdog(
  { store, config, plugins, teller, now }: WatchdogParts,
): Promise<Watchdog> {
  const log = logOf("relay");
  const began = now();
  const before = {
    rejecting: await lastTold(store, REJECTING_EVENT_TYPE),
    silent: await lastTold(store, SILENT_EVENT_TYPE),
    heardAt: await allLastHeard(store, config().sources.map(({ name }) => name)),
  };
  const sources = new Map<string, SourceWatch>();
  const trouble = createPluginTrouble();

  function watchOf({ name, silentMinutes }: Config["sources"][number]): SourceWatch {
    const known = sources.get(name);
    if (known !== undefined && known.silentMinutes === silentMinutes) return known;
    const watch: SourceWatch = {
      rejecting: known?.rejecting ?? createRejecting(name, before.rejecting.get(name) ?? null),
      askedAt: known?.askedAt ?? -Infinity,
      silence: silentMinutes === undefined ? null : createSilence(name, silentMinutes, {
        heardAt: before.heardAt.get(name) ?? began,
        listeningSince: began,
        told: before.silent.get(name)?.["state"] === "silent",
      }),
      silentMinutes,
    };
    sources.set(name, watch);
    return watch;
  }

  function tell(type: string, all: readonly JsonObject[], id?: string) {
    for (const data of all) {
      log[data["severity"] === "info" ? "info" : "warn"](String(data["summary"]));
      teller.tell(type, data, id);
    }
  }

  function look() {
    const at = now();
    for (const source of config().sources) {
      const watch = watchOf(source);
      const { rejecting, silence } = watch;
      if (rejecting.doubtful() === null) tell(REJECTING_EVENT_TYPE, rejecting.tick(at));
      else if (Math.abs(at - watch.askedAt) >= ASK_EVERY_MS) {
        watch.askedAt = at;
        void askForRefused(source.name, rejecting);
      }
      if (silence?.isDue(at)) void askForSilence(source, silence);
    }
    tell(FAILING_EVENT_TYPE, trouble.look(plugins(), at));
  }

  /** What this relay refused, another on the same store may have taken since: then it is no trouble any more. */
  async function askForRefused(source: string, rejecting: Rejecting) {
    try {
      const { refusedAt, events } = rejecting.doubtful()!;
      const newest = (await store.events({ source }, { limit: NEWEST_LOOKED_AT })).find(({ test }) => !test);
      const taken = newest !== undefined && newest.receivedAt > refusedAt ? [newest.id] : [];
      for (const { id, refusedAt } of events) {
        const stored = await store.event({ id, source });
        // What was stored before is a delivery that the provider believes to have failed.
        if (stored !== null && stored.receivedAt > refusedAt) taken.push(id);
      }
      for (const id of taken) tell(REJECTING_EVENT_TYPE, rejecting.takenElsewhere(id, now()));
      tell(REJECTING_EVENT_TYPE, rejecting.tick(now()));
    } catch {
      // The store cannot be read now, so nothing could be told either; it is asked again.
    }
  }

  /** Another relay on the same store may have heard it. */
  async function askForSilence({ name, silentMinutes = 0 }: Config["sources"][number], silence: Silence) {
    try {
      const heardAt = await lastHeard(store, name);
      const at = now();
      if (heardAt !== null && heardAt > at - silentMinutes * 60_000) {
        tellOfSilence(name, silence.heard(heardAt));
      } else tellOfSilence(name, silence.tick(at));
    } catch {
      // The store cannot be read now; it is asked again at the next look.
    }
  }

  /** All relays on a store tell it under one id, so that it is told once. */
  function tellOfSilence(source: string, all: readonly JsonObject[]) {
    for (const data of all) {
      const days = Math.floor(Number(data["minutes"] ?? 0) / (24 * 60));
      tell(SILENT_EVENT_TYPE, [data], `${source}:${data["state"]}:${data["silentSince"]}:${days}`);
    }
  }

  const timer = setInterval(look, LOOK_EVERY_MS);

  return {
    look,
    receipt(receipt) {
      const source = config().sources.find(({ name }) => name === receipt.source);
      if (source === undefined) return;
      const { rejecting, silence } = watchOf(source);
      tell(REJECTING_EVENT_TYPE, rejecting.record(receipt));
      if (receipt.result === "rejected" || receipt.test) return;
      before.heardAt.set(receipt.source, receipt.at);
      tellOfSilence(receipt.source, silence?.heard(receipt.at) ?? []);
    },
    stop: () => clearInterval(timer),
  };
}

/** What was last told of each source. */
async function lastTold(store: Pick<Store, "events">, type: string): Promise<Map<string, JsonObject>> {
  const last = new Map<string, JsonObject>();
  for (const { body } of await store.events({ source: OWN_SOURCE, type }, { limit: TOLD_LOOKED_AT })) {
    const { data } = JSON.parse(new TextDecoder().decode(body)) as { data: JsonObject };
    const source = String(data["source"]);
    if (!last.has(source)) last.set(source, data);
  }
  return last;
}

/** When each of the sources was last heard. */
async function allLastHeard(
  store: Pick<Store, "events">,
  sources: readonly string[],
): Promise<Map<string, number>> {
  const heard = new Map<string, number>();
  for (const source of sources) {
    const at = await lastHeard(store, source);
    if (at !== null) heard.set(source, at);
  }
  return heard;
}

/** When a source was last heard; null: not lately. A test is not its voice. */
async function lastHeard(store: Pick<Store, "events">, source: string): Promise<number | null> {
  let oldest: StoredEvent | undefined;
  for (let page = 0; page < PAGES_LOOKED_AT; page++) {
    const older = oldest && { before: oldest.seq };
    const events = await store.events({ source }, { limit: NEWEST_LOOKED_AT, ...older });
    const found = events.find(({ test }) => !test);
    if (found !== undefined) return found.receivedAt;
    if (events.length < NEWEST_LOOKED_AT) return null;
    oldest = events.at(-1);
  }
  return null;
}
