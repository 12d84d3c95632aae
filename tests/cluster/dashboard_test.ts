/**
 * The dashboard on PostgreSQL: all that `tests/admin` asks of it, and what relays that share a store must agree on.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { coinBody, keepStoresAt, openRoom, update } from "../admin/room.ts";
import { withPostgres } from "../support/postgres.ts";
import { until } from "../support/until.ts";

await withPostgres(async (postgres) => {
  const schemas = new Map<string, string>();
  keepStoresAt((folder) => {
    const schema = schemas.get(folder) ?? `room_${schemas.size}`;
    schemas.set(folder, schema);
    return postgres.url(schema);
  });
  for (
    const name of [
      "actions",
      "dead_letters",
      "finding_events",
      "metrics",
      "pages",
      "requests",
      "stream",
      "thread",
    ]
  ) {
    await import(`../admin/${name}_test.ts`);
  }

  Deno.test("dashboards of relays that share a store show the same, and act on what another took", async () => {
    let mended = false;
    const settings = {
      routes: [{ name: "out", plugin: "log", events: ["cg.*"] }],
      run: () => mended ? {} : { outcome: "permanent" as const, error: "the receiver is broken" },
    };
    await using one = await openRoom(settings);
    const two = await openRoom({ ...settings, folder: one.folder });
    await using _closing = { [Symbol.asyncDispose]: () => two.close() };
    const stream = (await two.ask("/api/stream")).body!.pipeThrough(new TextDecoderStream()).getReader();
    await one.deliver({ id: "evt-1", body: coinBody("aave", [update("name", "Aave", "AAVE")]) });
    await until("it is a dead letter", async () => (await one.json("/api/dead-letters")).items.length === 1);
    let streamed = "";
    await until("the other's live view has it", async () => {
      streamed += (await stream.read()).value ?? "";
      return streamed.includes("evt-1");
    });
    await stream.cancel();

    for (const path of ["/api/events", "/api/events/evt-1", "/api/deliveries", "/api/dead-letters"]) {
      assertEquals(await two.json(path), await one.json(path), path);
    }
    assertStringIncludes(await (await two.ask("/")).text(), `href="/coins/aave"`);
    mended = true;
    const [dead] = (await two.json("/api/dead-letters")).items;
    assertEquals((await two.post(`/api/deliveries/${dead.id}/retry`)).status, 200);
    await until("it is done", async () => {
      const { items } = await one.json("/api/deliveries");
      return items[0].state === "done";
    });
    assertEquals((await one.json("/api/dead-letters")).items, []);
  });
});
