import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { watchedFetch } from "../../lib/sandbox/inside/watched_fetch.ts";
import { createTemplates } from "../../lib/sandbox/inside/templates.ts";

Deno.test("a URL that is asked again is read once", () => {
  const templateOf = createTemplates();
  assertEquals(templateOf("http://a.example/b"), "http://a.example/b");
  const template = templateOf("http://a.example/b");
  assert(template instanceof Request);
  assertStrictEquals(templateOf("http://a.example/b"), template);
  for (let i = 0; i < 100; i++) templateOf(`http://a.example/${i}`);
  assertEquals(templateOf("http://a.example/b"), "http://a.example/b");
});

Deno.test("requests to one URL have nothing of one another", async () => {
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { method, url } = request;
    const told = request.headers.get("x-told");
    return Response.json({ method, path: new URL(url).pathname, told, body: await request.text() });
  });
  const url = `http://127.0.0.1:${server.addr.port}/in`;
  const call = watchedFetch(fetch, undefined, () => {}, () => undefined);
  const ask = async (init: RequestInit) =>
    await (await call(url, { signal: new AbortController().signal, ...init })).json();
  const nothing = { path: "/in", told: null, body: "" };
  for (let round = 0; round < 3; round++) {
    assertEquals(await ask({ method: "POST", body: `b${round}` }), {
      ...nothing,
      method: "POST",
      body: `b${round}`,
    });
    assertEquals(await ask({ headers: { "x-told": "yes" } }), { ...nothing, method: "GET", told: "yes" });
    assertEquals(await ask({ method: "DELETE" }), { ...nothing, method: "DELETE" });
    const aborted = AbortSignal.abort(new Error("enough"));
    await assertRejects(() => ask({ signal: aborted }), Error, "enough");
    const controller = new AbortController();
    const asked = ask({ method: "PUT", body: "x", signal: controller.signal });
    controller.abort(new Error("no more"));
    await assertRejects(() => asked, Error, "no more");
  }
});
