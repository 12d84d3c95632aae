/**
 * `deno task move-store` as a person has it: killed at any step and begun again, and between two relays.
 * `MOVE_EVENTS=1000000` in the environment makes the store that is moved bigger.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { FAILPOINT_VARIABLE } from "../../lib/failpoint.ts";
import { type Tally, tally } from "../../lib/store/move.ts";
import { openStore, openTransfer } from "../../lib/store/open.ts";
import { PARTS } from "../../lib/store/transfer.ts";
import { runCommand } from "../commands/run_command.ts";
import { anEvent, asking, ending, planned } from "../store/fixtures.ts";
import { withPostgres } from "../support/postgres.ts";
import { createRandom } from "../support/random.ts";
import { startReceiver } from "../support/receiver.ts";
import { createRelayFolder } from "../support/relay_process.ts";
import { until } from "../support/until.ts";
import { deliver } from "./provider.ts";

const EVENTS = Number(Deno.env.get("MOVE_EVENTS") ?? 3000);
const KILLS = 8;
const AT_A_TIME = 500;

/** Events of all ages and fates, each with a delivery. */
async function fill(url: string): Promise<void> {
  const random = createRandom(8);
  const store = await openStore(url, "/");
  try {
    for (let index = 0; index < EVENTS; index += AT_A_TIME) {
      await store.append(Array.from({ length: Math.min(AT_A_TIME, EVENTS - index) }, (_, nth) => {
        const noise = crypto.getRandomValues(new Uint8Array(random.below(200))).toBase64();
        const body = new TextEncoder().encode(JSON.stringify({ event_type: "x", data: { noise, nth } }));
        return anEvent(`evt-${index + nth}`, { coin: `c${nth % 50}`, body, deliveries: [planned("out")] });
      }));
      const { claimed } = await store.claim(asking({ route: "out", limit: AT_A_TIME / 2 }));
      const kv = [{ key: `k${index}`, value: String(index) }];
      await store.settle(
        "one",
        claimed.map((one, nth) =>
          ending(one, nth % 9 === 0 ? "dead" : nth % 9 === 1 ? { dueAt: 5000 } : "done", { kv })
        ),
        1500,
      );
    }
  } finally {
    await store.close();
  }
}

async function tallies(url: string): Promise<Tally[]> {
  await using store = await openTransfer(url, "/", false);
  const all: Tally[] = [];
  for (const part of Object.keys(PARTS) as (keyof typeof PARTS)[]) all.push(await tally(store, part));
  return all;
}

await withPostgres((postgres) => {
  Deno.test(`move-store killed at its steps, and begun again: all ${EVENTS} events are there, and alike`, async () => {
    const folder = await Deno.makeTempDir({ prefix: "coinrelay-test-" });
    try {
      const from = `sqlite:${join(folder, "relay.db")}`;
      const to = postgres.url("killed_move");
      await fill(from);
      const before = await tallies(from);
      const random = createRandom(9);
      for (let kills = 0; kills < KILLS; kills++) {
        // Small batches come first, so that a small store has many steps, too.
        const steps = 1 + random.below(kills === 0 ? 3 : 2 + EVENTS / 8000);
        const { code } = await runCommand(["move-store", "--from", from, "--to", to], {
          [FAILPOINT_VARIABLE]: `${random.pick(["committing", "committed"])}:${steps}`,
        });
        assertEquals(code, 128 + 9, `killed at a step, ${kills + 1} of ${KILLS}`);
        const refused = await runCommand(["move-store", "--from", to, "--to", `sqlite:${folder}/no.db`]);
        assertEquals(refused.code, 1, "half a copy is no store");
      }
      const { code, stdout, stderr } = await runCommand(["move-store", "--from", from, "--to", to, "--json"]);
      assertEquals(code, 0, stderr);
      const { parts, seconds } = JSON.parse(stdout);
      assertEquals(parts, before);
      assertEquals(await tallies(to), before, "counted and hashed anew");
      if (Deno.env.has("MOVE_EVENTS")) console.log(`${KILLS} kills, then ${seconds} s to the end`, parts);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });

  Deno.test("a relay, the move, another relay: each event is acted on once, and the original is refused", async () => {
    const done: string[] = [];
    let healed = false;
    await using receiver = startReceiver(({ text }) => {
      const { id } = JSON.parse(text);
      if (!healed && Number(id.split("-")[1]) % 3 > 0) return new Response("not now", { status: 503 });
      done.push(id);
      return new Response("ok");
    });
    const route = {
      ...{ name: "out", plugin: "http", events: ["cg.*"], options: { url: receiver.url }, order: "coin" },
      retry: { minDelaySeconds: 0.05, maxDelaySeconds: 0.2, maxAttempts: 1000 },
    };
    await using folder = await createRelayFolder({ config: { routes: [route] } });
    const ids = Array.from({ length: 60 }, (_, index) => `evt-${index}`);
    const first = await folder.start();
    await Promise.all(ids.map((id, index) => deliver(() => first, id, `coin-${index}`)));
    await until("a third is done", () => done.length === 20);
    assertEquals(await first.stop(), 0);

    const url = postgres.url("between");
    const moved = await runCommand(["move-store", "--config", folder.configFile, "--to", url]);
    assertEquals(moved.code, 0, moved.stderr);
    // The config still names the original.
    await assertRejects(() => folder.spawn().listening, Error, "moved to another store");

    await folder.writeConfig({ store: url });
    healed = true;
    const second = await folder.start();
    assertEquals(await second.send({ id: "evt-0" }), "duplicate");
    await until("all are done", () => done.length >= 60);
    await until("nothing is left", async () => {
      const response = await fetch(`${second.adminUrl}/api/deliveries?state=pending`);
      return (await response.json()).items.length === 0;
    });
    assertEquals(done.toSorted(), ids.toSorted());
    assertEquals(await second.stop(), 0);
  });
});
