import { assertEquals } from "@std/assert";
import { configSchema } from "../../lib/config/schema.ts";
import type { Job } from "../../lib/dispatch/contract.ts";
import { createDispatcher } from "../../lib/dispatch/dispatcher.ts";
import { understand } from "../../lib/receive/understand.ts";
import { createPlan } from "../../lib/route/plan.ts";
import { resolveRoutes } from "../../lib/route/resolve.ts";
import { openStore } from "../../lib/store/open.ts";
import { until } from "../support/until.ts";
import { DONE } from "./fixtures.ts";

/** A relay's store and dispatcher, started again and again in one folder, at times that the test chooses. */
async function openOffice(route: Record<string, unknown>) {
  const folder = await Deno.makeTempDir({ prefix: "coinrelay-test-" });
  const config = configSchema.parse({
    sources: [{ name: "cryptosync", path: "/webhook", secrets: ["whsec_of_the_schedule_test"] }],
    routes: [{ name: "a", plugin: "a", timeZone: "Europe/Berlin", ...route }],
  });
  const routes = resolveRoutes(config, []);
  const plan = createPlan(routes);
  const jobs: Job[] = [];
  return {
    jobs,
    /** Runs a relay whose clock stands at `at`: stores an event for each of `names`, and waits until `wanted` jobs ran. */
    async run(at: string, names: string[], wanted: number) {
      const now = () => Date.parse(at);
      const store = await openStore("sqlite:relay.db", folder);
      await store.append(names.map((name) => {
        const body = new TextEncoder().encode(
          JSON.stringify({
            event_type: "cg.coin.info.updated",
            data: { id: name, symbol: name, name, changes: [{ field: name, change_type: "update" }] },
          }),
        );
        const content = understand(body);
        if ("notUnderstood" in content) throw new Error(content.notUnderstood);
        return {
          source: "cryptosync",
          id: name,
          type: content.type,
          coin: content.coin.id,
          receivedAt: now(),
          timestamp: "0",
          signature: "0",
          body,
          test: false,
          depth: 0,
          deliveries: plan(content, now()),
        };
      }));
      const before = jobs.length;
      const dispatcher = createDispatcher({
        store,
        runner: { run: (job) => (jobs.push(job), Promise.resolve(DONE)), readyAt: () => 0 },
        plan,
        relay: crypto.randomUUID(),
        now,
        random: () => 0.5,
        observe: () => {},
        onFault: (error) => {
          throw error;
        },
      });
      dispatcher.configure(routes);
      await until(`${wanted} jobs ran`, () => jobs.length - before >= wanted);
      await dispatcher.stop(1000);
      await store.close();
    },
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

const coins = (job: Job) =>
  (job.event.data["events"] as { id: string }[] | undefined)?.map(({ id }) => id) ?? [job.event.id];

Deno.test("a daily digest gathers over restarts, and goes out as one at its time", async () => {
  await using office = await openOffice({ digest: "daily 08:00" });
  await office.run("2026-03-01T10:00:00+01:00", ["one", "two"], 0);
  await office.run("2026-03-02T07:59:00+01:00", ["three"], 0);
  assertEquals(office.jobs, []);
  await office.run("2026-03-02T08:00:00+01:00", ["four"], 1);
  assertEquals(office.jobs.map(coins), [["one", "two", "three"]]);
  await office.run("2026-03-03T08:00:00+01:00", [], 1);
  assertEquals(office.jobs.map(coins), [["one", "two", "three"], ["four"]]);
});

Deno.test("quiet hours hold over restarts, and what breaks through goes out at once", async () => {
  const quietHours = { from: "22:00", to: "07:00", except: { fields: ["public_notices"] } };
  await using office = await openOffice({ quietHours });
  await office.run("2026-03-01T23:00:00+01:00", ["name", "public_notices"], 1);
  assertEquals(office.jobs.map(coins), [["public_notices"]]);
  await office.run("2026-03-02T06:59:00+01:00", ["symbol"], 0);
  assertEquals(office.jobs.length, 1);
  await office.run("2026-03-02T07:00:00+01:00", ["image"], 3);
  assertEquals(office.jobs.slice(1).map(coins).flat().toSorted(), ["image", "name", "symbol"]);
});
