/**
 * A day of the provider on a clock of our own, with the relay down for parts of it: whether the provider signs a retry
 * anew or sends the old timestamp again (which is not documented), an event is stored in the end, or the provider was
 * told no and a person was told of that.
 */
import { assert, assertEquals } from "@std/assert";
import type { JsonObject } from "../../lib/nouns.ts";
import { PROVIDER_TRIES } from "../../lib/receive/failing.ts";
import { createReceiver } from "../../lib/receive/receiver.ts";
import { groupCommit } from "../../lib/store/group_commit.ts";
import { openStore } from "../../lib/store/open.ts";
import { createTeller } from "../../lib/watchdog/teller.ts";
import { startWatchdog } from "../../lib/watchdog.ts";
import { createRandom, type Random } from "../support/random.ts";
import { signedRequest } from "../support/signed_request.ts";

const MINUTE = 60_000, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
const START = Date.UTC(2026, 6, 24);
const SECRET = "whsec_of_the_day";
const SOURCE = { name: "cryptosync", path: "/webhook", secrets: [SECRET], maxAgeSeconds: 300 };
const EVENTS = 24;

/** When the tries of an event come, from the first: three guesses at what the provider does, each over about a day. */
const SCHEDULES: Record<string, number[]> = {
  "evenly": Array.from({ length: PROVIDER_TRIES }, (_, i) => i * 110 * MINUTE),
  "ever more slowly": Array.from({ length: PROVIDER_TRIES }, (_, i) => (2 ** i - 1) * 10_000),
  "quickly, then hourly": Array.from(
    { length: PROVIDER_TRIES },
    (_, i) => i < 4 ? i * MINUTE : (i - 3) * 2.3 * HOUR,
  ),
};

/** A day; the relay is down in each of `down`. */
async function liveThrough(
  day: { schedule: number[]; signsAnew: boolean; down: [from: number, to: number][] },
) {
  const folder = await Deno.makeTempDir({ prefix: "coinrelay-test-" });
  let now = START;
  let relay = await startRelay(folder, () => now);
  const events = Array.from({ length: EVENTS }, (_, n) => ({
    id: `evt-${n}`,
    at: START + n * DAY / EVENTS,
    stored: false,
    tries: 0,
    toldNo: 0,
  }));
  const tries = events.flatMap((event) => day.schedule.map((wait) => ({ event, at: event.at + wait })))
    .sort((a, b) => a.at - b.at);
  let wasDown = false;
  for (const { event, at } of tries) {
    if (event.stored) continue;
    now = at;
    const isDown = day.down.some(([from, to]) => at - START >= from && at - START < to);
    if (isDown !== wasDown) {
      if (isDown) await relay.stop();
      else relay = await startRelay(folder, () => now);
      wasDown = isDown;
    }
    event.tries++;
    if (isDown) continue;
    const status = await relay.take(event.id, String(Math.floor((day.signsAnew ? at : event.at) / 1000)));
    if (status === 200) event.stored = true;
    else event.toldNo++;
  }
  if (wasDown) relay = await startRelay(folder, () => now);
  const ids = new Set(
    (await relay.store.events({ source: "cryptosync" }, { limit: 999 })).map(({ id }) => id),
  );
  const told = (await relay.store.events({ type: "relay.source.rejecting" }, { after: 0, limit: 999 }))
    .map(({ body }) => (JSON.parse(new TextDecoder().decode(body)) as { data: JsonObject }).data);
  await relay.stop();
  await Deno.remove(folder, { recursive: true });
  for (const { id, stored } of events) assertEquals(ids.has(id), stored, id);
  return { events, told };
}

/** The receiving side of a relay, with its watchdog, on a real store. */
async function startRelay(folder: string, now: () => number) {
  const store = await openStore("sqlite:relay.db", folder);
  const append = groupCommit((events) => store.append(events));
  const config = {
    server: { hostname: "127.0.0.1", port: 0, maxBodyBytes: 1_048_576, bodyTimeoutSeconds: 10 },
    sources: [SOURCE],
  };
  const teller = createTeller({
    append,
    plan: () => [],
    now,
    onFault: (error) => assert(false, String(error)),
  });
  const watchdog = await startWatchdog({ store, config: () => config, plugins: () => [], teller, now });
  const receive = createReceiver({ config, append, plan: () => [], now, observe: watchdog.receipt });
  return {
    store,
    async take(id: string, timestamp: string): Promise<number> {
      const response = await receive(
        new Request("http://relay/webhook", signedRequest({ secret: SECRET, id, timestamp })),
      );
      watchdog.look();
      await new Promise((resolve) => setTimeout(resolve)); // what is told is being stored
      return response.status;
    },
    async stop() {
      watchdog.stop();
      await teller.stop();
      await store.close();
    },
  };
}

/** One to three times in which the relay is down, from minutes to most of the day. */
function randomDown(random: Random): [number, number][] {
  return Array.from({ length: 1 + random.below(3) }, () => {
    const from = random.below(DAY);
    return [from, from + MINUTE + random.below(random.chance(0.3) ? 20 * HOUR : 2 * HOUR)];
  });
}

for (const [how, schedule] of Object.entries(SCHEDULES)) {
  for (const signsAnew of [true, false]) {
    const whose = signsAnew ? "signed anew" : "with the old timestamp";
    Deno.test(`a provider that retries ${how}, ${whose}: stored in the end, or told no and a person told`, async () => {
      const random = createRandom(20260724);
      let stored = 0, refused = 0, unheard = 0;
      for (let day = 0; day < 8; day++) {
        const { events, told } = await liveThrough({ schedule, signsAnew, down: randomDown(random) });
        for (const event of events) {
          if (event.stored) stored++;
          else if (event.toldNo > 0) {
            refused++;
            assert(
              told.some(({ state, authentic }) => state === "rejecting" && authentic === true),
              event.id,
            );
          } else unheard++;
        }
        if (signsAnew) assertEquals(events.filter(({ stored, toldNo }) => !stored && toldNo > 0), []);
      }
      assert(stored > 80, `${stored} stored`);
      if (!signsAnew) assert(refused > 0, "some were refused as stale");
      assertEquals(unheard, 0, "no event was tried only while the relay was down");
    });
  }
}

Deno.test("an event that is refused for a whole day is told with its tries and at the end of the day", async () => {
  const schedule = SCHEDULES["evenly"]!;
  const { events, told } = await liveThrough({ schedule, signsAnew: false, down: [[0, 10 * MINUTE]] });
  assertEquals(events.filter(({ stored }) => !stored).map(({ id, toldNo }) => [id, toldNo]), [["evt-0", 13]]);
  const rejecting = told.filter(({ state }) => state === "rejecting");
  assertEquals(rejecting[0]!["eventId"], "evt-0");
  assertEquals(rejecting[0]!["hoursLeft"], 22.2, "counted from its first try, which nobody answered");
  assert(Number(rejecting.at(-1)!["tries"]) >= 12 && Number(rejecting.at(-1)!["hoursLeft"]) <= 2);
});
