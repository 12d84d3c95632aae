import { assertEquals } from "@std/assert";
import { createApi } from "../../lib/admin/api/api.ts";
import { createDesk } from "../../lib/admin/desk.ts";
import { openApi, OPERATIONS } from "../../lib/admin/api/openapi.ts";
import { problem } from "../../lib/admin/api/shapes.ts";
import { until } from "../support/until.ts";
import { coinBody, openRoom, update } from "./room.ts";

Deno.test("docs/api/openapi.json is what the program says of itself", async () => {
  const file = await Deno.readTextFile(new URL("../../docs/api/openapi.json", import.meta.url));
  assertEquals(
    file,
    JSON.stringify(openApi(), null, 2) + "\n",
    "write it anew: deno run -A lib/admin/api/openapi.ts",
  );
});

Deno.test("the document refers to nothing that it does not hold, and every parameter says what it is", () => {
  const document = JSON.stringify(openApi());
  for (const [, path] of document.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
    const held = path!.split("/").reduce<unknown>(
      (node, key) => (node as Record<string, unknown>)?.[key],
      openApi(),
    );
    assertEquals(typeof held, "object", path);
  }
  for (const said of ["1 to 500", "true: only count them", "What the last failed attempt said"]) {
    assertEquals(document.includes(`"description":${JSON.stringify(said)}`), true, said);
  }
});

Deno.test("the API answers by just those methods and paths that the document has", async () => {
  await using room = await openRoom();
  const answered = createApi(createDesk(room.parts)).routes
    .filter(({ method }) => method !== "ALL")
    .map(({ method, path }) => `${method.toLowerCase()} ${path.replaceAll(/:(\w+)(\{[^}]*\})?/g, "{$1}")}`);
  const described = OPERATIONS.map(({ method, path }) => `${method} ${path}`);
  assertEquals([...new Set(answered)].sort(), [...described, "get /openapi.json"].sort());
});

Deno.test("every answer is as the document says, with no key more or less", async (t) => {
  await using room = await openRoom({
    sources: [{ silentMinutes: 60 }],
    routes: [{ name: "all", plugin: "log" }, {
      name: "links",
      plugin: "http",
      fields: ["links.*"],
      order: "coin",
    }],
    descriptions: [
      { name: "log", description: "Logs" },
      { name: "http", usable: false, error: { stage: "import", message: "no", file: "http.ts", line: 3 } },
    ],
    status: [
      { name: "log" },
      {
        name: "http",
        state: "waiting",
        waitsUntil: Date.now() + 1000,
        lastError: "died",
        refused: [{
          kind: "net",
          target: "x:80",
          route: "links",
          count: 1,
          lastAt: Date.now(),
          remedy: null,
        }],
      },
    ],
    mistakes: [{ route: "links", path: "options", message: "url is missing" }],
    run: (job) =>
      job.route === "links" ? { outcome: "permanent", error: "no" } : { kv: [{ key: "seen", value: "1" }] },
    dryRun: () => ({ outcome: "done", error: null, lines: ["POST x"] }),
  });
  await room.deliver({
    id: "e",
    body: coinBody("aave", [update("links.homepage", [], ["https://a.example"])]),
  });
  await room.deliver({ id: "junk", body: "junk" });
  await room.deliver({ id: "refused", secret: "whsec_wrong_secret" });
  await until("one is dead and one is done", async () => {
    const { items } = await room.json("/api/deliveries?coin=aave&source=cryptosync");
    return items.filter(({ state }: { state: string }) => state === "dead" || state === "done").length === 2;
  });
  const { items: [dead] } = await room.json("/api/dead-letters?source=cryptosync");
  const { id: job } = await (await room.post("/api/dead-letters/discard", { coin: "nobody" })).json();

  const asked: Record<string, [path: string, body?: unknown][]> = {
    "get /overview": [["/overview"]],
    "get /events": [["/events"], ["/events?coin=aave&limit=1"]],
    "get /events/{id}": [["/events/e"], ["/events/junk"]],
    "post /events/{id}/try": [["/events/e/try", { route: "all" }]],
    "get /deliveries": [["/deliveries"]],
    "get /deliveries/{id}": [[`/deliveries/${dead.id}`]],
    "post /deliveries/{id}/retry": [[`/deliveries/${dead.id}/retry`, {}]],
    "post /deliveries/{id}/discard": [[`/deliveries/${dead.id}/discard`, {}]],
    "get /dead-letters": [["/dead-letters?discarded=1"]],
    "post /dead-letters/retry": [["/dead-letters/retry", { all: true, preview: true }], [
      "/dead-letters/retry",
      {
        coin: "nobody",
      },
    ]],
    "post /dead-letters/discard": [["/dead-letters/discard", { all: true, preview: true }]],
    "get /jobs/{id}": [[`/jobs/${job}`]],
    "post /replay": [["/replay", { event: "e", route: "all" }]],
    "post /test-event": [["/test-event", {}], ["/test-event", { body: "not json" }]],
    "get /sources": [["/sources"]],
    "get /sources/{name}/refusals": [["/sources/cryptosync/refusals"]],
    "get /routes": [["/routes"]],
    "post /routes/{name}": [["/routes/all", { on: true }]],
    "get /routes/{name}/kv": [["/routes/all/kv"]],
    "get /plugins": [["/plugins"]],
    "get /config": [["/config"]],
  };
  for (const { method, path, answer, preview, status = 200 } of OPERATIONS) {
    if ("text" in answer) continue;
    await t.step(`${method} ${path}`, async () => {
      for (const [where, body] of asked[`${method} ${path}`] ?? []) {
        const response =
          await (method === "get" ? room.ask(`/api${where}`) : room.post(`/api${where}`, body));
        const previewed = typeof body === "object" && body !== null && "preview" in body;
        assertEquals(response.status, previewed ? 200 : status, where);
        const { error } = (previewed ? preview! : answer).safeParse(await response.json());
        assertEquals(error?.issues ?? [], [], where);
      }
      assertEquals(
        (asked[`${method} ${path}`] ?? []).length > 0,
        true,
        "this operation is not asked by the test",
      );
    });
  }
  await t.step("a refusal", async () => {
    assertEquals(problem.safeParse(await room.json("/api/events/none")).error?.issues ?? [], []);
  });
});
