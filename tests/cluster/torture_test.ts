import { assertEquals, assertGreater } from "@std/assert";
import { FAILPOINTS } from "../../lib/failpoint.ts";
import { withPostgres } from "../support/postgres.ts";
import { breaches, torture } from "../torture/torture.ts";

await withPostgres((postgres) => {
  Deno.test("on PostgreSQL: nothing is lost, nothing done twice but by a kill, over kills at every step", async () => {
    const kills = Number(Deno.env.get("CLUSTER_KILLS") ?? FAILPOINTS.length + 8);
    const events = Number(Deno.env.get("CLUSTER_EVENTS") ?? 300);
    const report = await torture({ kills, events, seed: 20260724, store: postgres.url("tortured") });
    assertEquals(breaches(report), []);
    assertGreater(report.accepted, 0.7 * events); // on a slow machine the provider may give up some
    assertGreater(report.interrupted, 0);
    if (Deno.env.has("CLUSTER_KILLS")) console.log(report);
  });

  Deno.test("on a PostgreSQL that crashes, too: nothing is lost", async () => {
    const kills = Number(Deno.env.get("CLUSTER_KILLS") ?? 8);
    const events = Number(Deno.env.get("CLUSTER_EVENTS") ?? 150);
    const report = await torture({
      ...{ kills, events, seed: Number(Deno.env.get("CLUSTER_SEED") ?? 20261126) },
      store: postgres.url("crashed"),
      async crash() {
        await postgres.stop("SIGQUIT");
        await postgres.start();
      },
    });
    if (Deno.env.has("CLUSTER_KILLS")) console.log(report);
    assertEquals(breaches(report), []);
    assertGreater(report.accepted, 0.7 * events);
    assertGreater(report.crashes, 0);
  });
});
