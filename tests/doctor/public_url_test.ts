import { assertEquals, assertMatch } from "@std/assert";
import { tryPublicUrl } from "../../lib/doctor/public_url.ts";
import pem from "../plugins/doubles/localhost.pem" with { type: "text" };
import { createRelayFolder, type RelayProcess, SECRET } from "../support/relay_process.ts";

const KNOWN = "evt-known";
const MOST_BYTES = 4096;

/** What the doctor says of a URL, less that it is not https and no public address, which no URL of a test is. */
async function doctorOf(url: string, known: string | null = KNOWN, secret = SECRET): Promise<string[]> {
  const findings = await tryPublicUrl({
    url: new URL(url),
    source: { path: "/webhook", secrets: [secret] },
    known,
    maxBodyBytes: MOST_BYTES,
    now: Date.now,
  });
  return findings.filter(({ text }) => !/is not https|this machine's own address/.test(text))
    .map(({ verdict, text, remedy }) => `${verdict}: ${text} → ${remedy ?? ""}`);
}

type Meddle = (
  request: Request,
  body: Uint8Array<ArrayBuffer>,
  target: string,
) => Response | Promise<Response>;

const pass: Meddle = ({ method, headers, url }, body, target) =>
  fetch(new URL(new URL(url).pathname, target), {
    method,
    headers,
    ...(method === "POST" ? { body } : {}),
    redirect: "manual",
  });

/** A proxy before `target` that does as `meddle` says. */
function proxyTo(target: string, meddle: Meddle, tls: { cert: string; key: string } | object = {}) {
  const server = Deno.serve({ hostname: "localhost", port: 0, onListen() {}, ...tls }, async (request) => {
    return await meddle(request, await request.bytes(), target);
  });
  const scheme = "cert" in tls ? "https" : "http";
  return {
    url: `${scheme}://localhost:${server.addr.port}/webhook`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

async function withRelay(use: (relay: RelayProcess) => Promise<void>): Promise<void> {
  await using folder = await createRelayFolder({
    plugins: {},
    config: { server: { hostname: "127.0.0.1", port: 0, maxBodyBytes: MOST_BYTES } },
  });
  const relay = await folder.start();
  assertEquals(await relay.send({ id: KNOWN }), "accepted");
  await use(relay);
}

/** A proxy's fault, and what is said of it. */
const FAULTS: Record<string, { meddle: Meddle; says: RegExp }> = {
  "a proxy that does not reach the relay": {
    meddle: () => new Response("bad gateway", { status: 502 }),
    says: /^wrong: the proxy answers 502: it does not reach the relay → does the relay run/,
  },
  "a proxy that waits for the relay in vain": {
    meddle: () => new Response("gateway timeout", { status: 504 }),
    says: /^wrong: the proxy answers 504: it does not reach the relay → does the relay run/,
  },
  "another site at that address": {
    meddle: () => new Response("<h1>It works!</h1>", { status: 200 }),
    says: /^wrong: something else than the relay answers \(200\) → look at the proxy/,
  },
  "an address that redirects": {
    meddle: () =>
      new Response(null, { status: 308, headers: { location: "https://www.example.com/webhook" } }),
    says: /^wrong: it redirects to https:\/\/www\.example\.com\/webhook → give the provider the address/,
  },
  "a proxy that drops the signature's headers": {
    meddle({ method, url }, body, target) {
      return pass(new Request(url, { method }), body, target);
    },
    says: /^wrong: a proxy drops the x-cg-… headers → let it hand all headers on/,
  },
  "a proxy that writes the body anew": {
    meddle: (request, body, target) =>
      pass(request, body.byteLength > 0 ? new TextEncoder().encode("{ }") : body, target),
    says: /^wrong: the relay there refuses our signature → .*a proxy changes the body/,
  },
  "a proxy that takes only small bodies": {
    meddle: (request, body, target) =>
      body.byteLength > 1024 ? new Response("too large", { status: 413 }) : pass(request, body, target),
    says: /^wrong: a proxy refuses bodies of 4096 bytes.* → raise its limit \(nginx: client_max_body_size/,
  },
};

Deno.test("doctor proves that a URL leads to this relay, and leaves nothing behind", () =>
  withRelay(async (relay) => {
    await using proxy = proxyTo(relay.url, pass);
    const said = await doctorOf(proxy.url);
    assertEquals(said.length, 1, said.join("\n"));
    assertMatch(said[0]!, /^right: http:\/\/localhost:\d+\/webhook leads here, and lets 4096 bytes through/);
    const { items } = await (await fetch(`${relay.adminUrl}/api/events`)).json();
    assertEquals(items.map(({ id }: { id: string }) => id), [KNOWN]);
  }));

Deno.test("doctor names and explains each fault of a proxy", () =>
  withRelay(async (relay) => {
    for (const [name, { meddle, says }] of Object.entries(FAULTS)) {
      await using proxy = proxyTo(relay.url, meddle);
      const said = await doctorOf(proxy.url);
      assertEquals(said.length, 1, `${name}: ${said.join("\n")}`);
      assertMatch(said[0]!, says, name);
    }
  }));

Deno.test("doctor names and explains a dashboard that the proxy shows to everyone, whole or in part", () =>
  withRelay(async (relay) => {
    for (const [shown, told] of [["", "readyz"], ["/readyz", "readyz"], ["/api/", "api/overview"]]) {
      await using proxy = proxyTo(relay.url, (request, body, target) => {
        const { pathname } = new URL(request.url);
        const admin = pathname !== "/webhook" && pathname.startsWith(shown!);
        return pass(request, body, admin ? relay.adminUrl : target);
      });
      const [, said] = await doctorOf(proxy.url);
      assertMatch(
        said!,
        new RegExp(`^wrong: the dashboard answers at http://localhost:\\d+/${told} → let the proxy .*ssh -L`),
      );
    }
  }));

Deno.test("doctor tells this relay from another one at the URL", () =>
  withRelay(async (relay) => {
    const [otherStore] = await doctorOf(`${relay.url}/webhook`, "not-there");
    assertMatch(otherStore!, /^wrong: it leads to another relay, with the same secret and another store → /);
    const [otherSecret] = await doctorOf(`${relay.url}/webhook`, KNOWN, "whsec_of_another_relay");
    assertMatch(otherSecret!, /^wrong: the relay there refuses our signature → either it is another relay/);
    const [, unproven] = await doctorOf(`${relay.url}/webhook`, null);
    assertMatch(
      unproven!,
      /^note: whether it is this one cannot be proven before it has an event → `deno task send/,
    );
  }));

Deno.test("doctor names and explains a wrong path, with the relay's own word for it", () =>
  withRelay(async (relay) => {
    const said = await doctorOf(`${relay.url}/hook`);
    assertMatch(said[0]!, /^note: its path is \/hook, the source's is \/webhook → /);
    assertMatch(said[1]!, /^wrong: the relay there has no source at \/hook → compare the path/);
  }));

Deno.test("doctor names and explains a name that leads nowhere, a port that is shut, and plain http", async () => {
  const of = async (url: string) =>
    (await tryPublicUrl({
      url: new URL(url),
      source: { path: "/webhook", secrets: [SECRET] },
      known: null,
      maxBodyBytes: 1,
      now: Date.now,
    })).map(({ verdict, text, remedy }) => `${verdict}: ${text} → ${remedy}`);
  const nowhere = await of("https://relay.invalid/webhook");
  assertMatch(nowhere[0]!, /^wrong: the name relay\.invalid leads nowhere: .* → set its A or AAAA record/);
  const shut = await of("https://127.0.0.1:1/webhook");
  assertMatch(
    shut[0]!,
    /^wrong: 127\.0\.0\.1 does not answer on port 1: .* → is the proxy or tunnel running/,
  );
  const plain = await of("http://127.0.0.1:1/webhook");
  assertMatch(plain[0]!, /^wrong: http:\/\/127\.0\.0\.1:1 is not https.* → put Caddy or nginx/);
});

Deno.test("doctor names and explains a certificate that nobody trusts", () =>
  withRelay(async (relay) => {
    const [cert, key] = [/-----BEGIN CERT[^]*?END CERT.*/, /-----BEGIN [A-Z ]*PRIVATE[^]*?END .*/]
      .map((part) => part.exec(pem)![0]) as [string, string];
    await using proxy = proxyTo(relay.url, pass, { cert, key });
    const [said] = await doctorOf(proxy.url);
    assertMatch(
      said!,
      /^wrong: localhost:\d+ cannot be spoken with: .*certificate.* → is its certificate for this name, in date/,
    );
  }));
