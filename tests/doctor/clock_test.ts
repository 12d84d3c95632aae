import { assertEquals } from "@std/assert";
import { judgeClock, measureSkew, skewOf } from "../../lib/doctor/clock.ts";

const THEIRS = "Tue, 14 Nov 2023 22:13:20 GMT";
const AT = Date.parse(THEIRS);

/** A server that answers with a date, or with none. */
function serve(date: string | null) {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
    const response = new Response("a body that nobody asks for");
    response.headers.set("date", date ?? "no date");
    return response;
  });
  return {
    host: `127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

Deno.test("the clock is compared with the first server that says what time it is", async () => {
  await using mute = serve(null);
  await using first = serve(THEIRS);
  await using second = serve(new Date(0).toUTCString());
  const urls = ["127.0.0.1:1", mute.host, first.host, second.host].map((host) => `http://${host}/`);
  let now = AT + 60_000;
  const skew = await measureSkew(urls, () => now += 100); // each look at the clock takes a tenth of a second
  assertEquals(skew, { ms: 60_000 + 450 - 500, uncertainMs: 550, host: first.host });
  assertEquals(await measureSkew(urls.slice(0, 2), Date.now), null);
  assertEquals(await measureSkew([], Date.now), null);
});

Deno.test("a skew is taken from the middle of the trip to the middle of their second", () => {
  assertEquals(skewOf(THEIRS, AT, AT + 1000), { ms: 0, uncertainMs: 1000 });
  assertEquals(skewOf(THEIRS, AT - 3000, AT - 1000), { ms: -2500, uncertainMs: 1500 });
  for (const date of [null, "", "yesterday"]) assertEquals(skewOf(date, 0, 0), null);
});

Deno.test("the clock's finding says which way it is off, from whose clock, and by how much it can be trusted", () => {
  const text = (ms: number) => judgeClock({ ms, uncertainMs: 600, host: "jsr.io" }, 300).text;
  assertEquals(judgeClock(null, 300).verdict, "unknown");
  assertEquals(judgeClock({ ms: 7_000, uncertainMs: 600, host: "h" }, 5).verdict, "wrong");
  assertEquals(text(1_500), "agrees with jsr.io to 2 s");
  assertEquals(text(-5_600), "agrees with jsr.io to 6 s");
  assertEquals(
    text(-5_601),
    "this machine's clock is 6 s behind jsr.io; deliveries are refused from 300 s on",
  );
  assertEquals(
    text(300_600),
    "this machine's clock is 301 s ahead of jsr.io; deliveries are refused from 300 s on",
  );
  assertEquals(
    text(300_601),
    "this machine's clock is 301 s ahead of jsr.io: every delivery is refused as too old or from the future",
  );
});
