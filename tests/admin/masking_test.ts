import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { until } from "../support/until.ts";
import { coinBody, openRoom, update } from "./room.ts";

const URL_NOW = "https://hooks.example/T0/B0/sesame-open";
const URL_NEXT = "https://hooks.example/T0/B0/another-door";

/** A relay whose parts say both URLs wherever they can say anything, though only the first is in its config. */
function talkativeRoom(now: () => number) {
  const said = `${URL_NOW} and ${URL_NEXT}`;
  return openRoom({
    now,
    routes: [{
      name: "s",
      plugin: "slack",
      events: ["cg.*"],
      where: { "data.hook": said },
      options: { webhookUrl: URL_NOW },
    }, { name: "kept", plugin: "slack", events: ["cg.*"] }],
    descriptions: [{
      name: "slack",
      error: { stage: "import", message: `it says ${said}`, file: null, line: null },
    }],
    status: [{
      name: "slack",
      state: "waiting",
      lastError: `it said ${said}`,
      refused: [{
        kind: "net",
        target: `host ${said}`,
        route: "s",
        count: 1,
        lastAt: 0,
        remedy: `add ${said}`,
      }],
    }],
    grants: [{ plugin: "slack", kind: "net", target: `host ${said}`, route: "s", why: "allow.net[0]" }],
    refusedConfig: `wrong: ${said}`,
    mistakes: [{ route: "s", path: "options", message: `wrong: ${said}` }],
    run: ({ event }) =>
      event.coin.id === "kept"
        ? { kv: [{ key: `seen ${said}`, value: JSON.stringify(said) }] }
        : { outcome: "permanent", error: `no: ${said}`, sent: [{ what: said, status: 500, body: said }] },
  });
}

Deno.test("no answer shows a secret of the config in force, whoever says it", async () => {
  let later = 0;
  await using room = await talkativeRoom(() => Date.now() + later);
  for (const id of ["kept", "lost"]) {
    await room.deliver({ id, body: coinBody(id, [update("name", "a", "b")]) });
  }
  const { items: [dead] } = await until("one is dead, and one remembers", async () => {
    const kv = await room.json("/api/routes/kept/kv");
    const letters = await room.json("/api/dead-letters?route=kept");
    return kv.items.length > 0 && letters.items.length > 0 ? letters : null;
  });
  const paths = [
    "/api/overview",
    "/api/events/lost",
    "/api/deliveries",
    `/api/deliveries/${dead.id}`,
    "/api/dead-letters",
    "/api/routes",
    "/api/routes/kept/kv",
    "/api/plugins",
    "/api/config",
    "/?source=cryptosync", // what the relay says of the dead one is masked where it is made
    "/events/lost",
    "/deliveries",
    `/deliveries/${dead.id}`,
    "/plugins",
    "/config",
  ];
  const shows = async (secret: string) => {
    for (const path of paths) {
      const text = await (await room.ask(path)).text();
      assertStringIncludes(text, "•••", path); // it is shown what was said, less the secret
      assert(!text.includes(secret), `${path} shows ${secret}`);
    }
  };
  await shows("sesame-open");
  const next = structuredClone(room.config);
  next.routes[0]!.options = { webhookUrl: URL_NEXT };
  room.setConfig(next);
  later = 1000; // the overview is a second old at most
  await shows("another-door");
});

Deno.test("a dry run is what the relay says of it, and of a route in force only", async () => {
  await using room = await openRoom({
    sources: [{}, { name: "second", path: "/second" }],
    routes: [{ name: "all", plugin: "log" }],
    dryRun: (route) => ({ outcome: "failed", error: "no", lines: [`would run ${route}`] }),
  });
  for (const path of ["/webhook", "/second"]) await room.deliver({ id: "same" }, path);
  const tried = async (path: string, route: string) => {
    const response = await room.post(`/api/events/same/try${path}`, { route });
    return [response.status, await response.json()];
  };
  assertEquals(await tried("?source=second", "all"), [200, {
    outcome: "failed",
    error: "no",
    lines: ["would run all"],
  }]);
  assertEquals((await tried("", "all"))[0], 409);
  assertEquals((await tried("?source=second", "nobody"))[0], 404);
});
