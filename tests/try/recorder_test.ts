/** The recorder in a real process: every way out of it ends in a recording or a refusal. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import type { Allow } from "../../lib/config/schema.ts";
import type { JsonObject } from "../../lib/nouns.ts";
import { type DryReport, findPlugin, loadDry } from "../../lib/sandbox/dry_plugin.ts";
import { grantsOf } from "../../lib/sandbox/grants.ts";
import { makeHouse } from "../../lib/sandbox/house.ts";
import { job, ROOT } from "../sandbox/support.ts";

interface Settings {
  options?: JsonObject;
  allow?: Allow;
  kv?: Record<string, string>;
  runs?: number;
  /** In place of a folder with the plugin. */
  folder?: string;
  plugin?: string;
}

/** Runs a plugin (its source, or a built-in by name) dry; resolves what came of each run. */
async function dry(source: string, settings: Settings = {}): Promise<{ reports: DryReport[]; base: string }> {
  const { options = {}, allow = {}, kv = {}, runs = 1, plugin = "plugin" } = settings;
  const base = await Deno.makeTempDir();
  const folder = settings.folder ?? join(base, "plugins");
  if (settings.folder === undefined) {
    await Deno.mkdir(folder);
    await Deno.writeTextFile(join(folder, "plugin.ts"), source);
  }
  const house = await makeHouse({ folder, base, limits: { stallMs: 1500 } });
  try {
    await using loaded = await loadDry(house, findPlugin(house, plugin)!, {
      grants: grantsOf({ name: plugin, options, allow }, base),
    });
    assertEquals(await loaded.checkOptions(options), []);
    const reports: DryReport[] = [];
    for (let i = 0; i < runs; i++) {
      reports.push(
        await loaded.run(job(plugin, { kvGet: (key) => Promise.resolve(kv[key] ?? null) }), options),
      );
    }
    return { reports, base: await Deno.realPath(base) };
  } finally {
    await house.kernel.close();
    await Deno.remove(base, { recursive: true });
  }
}

const body = (code: string, imports = "") =>
  `${imports}\nexport default { async run(event, context) {\n${code}\n} };`;

/** A listener that must hear nothing. */
function silent() {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let connections = 0;
  const taking = (async () => {
    for await (const connection of listener) {
      connections++;
      connection.close();
    }
  })();
  return {
    host: `127.0.0.1:${listener.addr.port}`,
    port: listener.addr.port,
    async close() {
      listener.close();
      await taking;
      return connections;
    },
  };
}

Deno.test("every way to send is recorded, and a listener on the very address hears nothing", async () => {
  const listener = silent();
  const { host, port } = listener;
  const smtp = `async function talk(read, write) {
    let said = "";
    const line = async () => { while (!said.includes("\\r\\n")) said += await read(); const at = said.indexOf("\\r\\n") + 2;
      const one = said.slice(0, at); said = said.slice(at); return one; };
    await line();
    for (const say of ["HELO me", "MAIL FROM:<a@x.example>", "RCPT TO:<b@y.example>", "DATA", "Subject: s\\r\\n\\r\\ngrüße\\r\\n."]) {
      await write(say + "\\r\\n"); await line();
    }
  }`;
  const { reports: [report] } = await dry(
    body(
      `
      const answer = await (await context.fetch("http://${host}/context", { method: "PUT", body: "grüße" })).json();
      await fetch("http://${host}/global?x=1", { headers: { "x-a": "b" } });
      await new Promise((done, fail) => {
        const request = http.request("http://${host}/node", { method: "POST" }, (response) => response.resume().on("end", done));
        request.on("error", fail); request.write("part one, "); request.end("part two");
      });
      const socket = connect({ host: "127.0.0.1", port: ${port} });
      await talk(() => new Promise((next) => socket.once("data", (data) => next(String(data)))),
        (text) => new Promise((next) => socket.write(text, next)));
      socket.end();
      const secure = tls.connect({ host: "127.0.0.1", port: ${port} });
      await talk(() => new Promise((next) => secure.once("data", (data) => next(String(data)))),
        (text) => new Promise((next) => secure.write(text, next)));
      secure.end();
      const conn = await Deno.connect({ hostname: "127.0.0.1", port: ${port} });
      const buffer = new Uint8Array(1000);
      await talk(async () => new TextDecoder().decode(buffer.subarray(0, await conn.read(buffer))),
        (text) => conn.write(new TextEncoder().encode(text)));
      conn.close();
      const odd = connect(${port}, "127.0.0.1");
      await new Promise((done) => odd.end("GELF grüße", done));
      context.log.info(JSON.stringify(answer));`,
      `import http from "node:http"; import { connect } from "node:net"; import tls from "node:tls"; ${smtp}`,
    ),
    { allow: { net: [host] } },
  );
  assertEquals(await listener.close(), 0);
  assertEquals([report!.outcome, report!.error], ["done", null]);
  assertEquals(report!.logs.map(({ text }) => text), ['{"ok":true}']);
  const mail = {
    kind: "mail",
    server: host,
    encrypted: false,
    signedIn: false,
    from: "a@x.example",
    to: ["b@y.example"],
    message: "Subject: s\r\n\r\ngrüße",
  };
  const sent = report!.sendings.map((sending) =>
    sending.kind === "request" ? [sending.method, sending.url, sending.body] : sending
  );
  assertEquals(sent, [
    ["PUT", `http://${host}/context`, "grüße"],
    ["GET", `http://${host}/global?x=1`, ""],
    ["POST", `http://${host}/node`, "part one, part two"],
    mail,
    { ...mail, encrypted: true },
    mail,
    { kind: "connection", server: host, text: "GELF grüße" },
  ] as never);
});

Deno.test("what cannot be recorded is refused by the process itself, and nothing arrives", async () => {
  const listener = silent();
  const { host, port } = listener;
  const ways = [
    `await new Promise((done, fail) => { const ws = new WebSocket("ws://${host}"); ws.onopen = done; ws.onerror = (e) => fail(e.error ?? new Error(e.message)); })`,
    `await new Promise((done, fail) => { const w = new Worker("data:text/javascript," + encodeURIComponent("fetch('http://${host}').then(()=>postMessage(0),(e)=>postMessage(String(e)))"), { type: "module" }); w.onmessage = (e) => e.data === 0 ? done() : fail(new Error(e.data)); w.onerror = (e) => { e.preventDefault(); fail(new Error(e.message)); }; })`,
    `await Deno.resolveDns("secret.example", "A")`,
    `Deno.listen({ port: ${port} + 1 })`,
    `new Deno.Command("curl", { args: ["http://${host}"] }).outputSync()`,
    `await import("http://${host}/x.ts")`,
  ];
  for (const way of ways) {
    const { reports: [report] } = await dry(body(way), { allow: { net: [host, "*"] } });
    assertEquals(report!.sendings, [], way);
    assertEquals(report!.outcome === "done", false, way);
  }
  assertEquals(await listener.close(), 0);
});

Deno.test("a host that the route does not grant is refused as it would be, whatever the way", async () => {
  const ways = [
    `await fetch("https://evil.example/x")`,
    `await new Promise((_, fail) => connect({ host: "evil.example", port: 443 }).on("error", fail))`,
    `await Deno.connect({ hostname: "evil.example", port: 443 })`,
  ];
  for (const way of ways) {
    const { reports: [report] } = await dry(body(way, `import { connect } from "node:net";`), {
      options: { url: "https://good.example" },
    });
    assertEquals(report!.sendings, [], way);
    assertMatch(report!.error!, /Requires net access to "evil.example:443"/);
    assertEquals(report!.refused.map(({ target, remedy }) => [target, remedy]), [
      ["evil.example:443", '"allow": { "net": ["evil.example:443"] }'],
    ]);
  }
});

Deno.test("mail through nodemailer is recorded as it would be sent, with STARTTLS and with TLS from the start", async () => {
  for (
    const [smtp, server] of [["smtp://me:secret@mail.example", "mail.example:587"], [
      "smtps://me:secret@mail.example",
      "mail.example:465",
    ]]
  ) {
    const { reports } = await dry("", {
      folder: join(ROOT, "plugins"),
      plugin: "email",
      options: { smtp: smtp!, from: "Relay <relay@example.com>", to: ["a@example.com", "b@example.com"] },
      runs: 3,
    });
    for (const { outcome, error, sendings } of reports) {
      assertEquals([outcome, error, sendings.length], ["done", null, 1]);
      const [mail] = sendings;
      if (mail?.kind !== "mail") throw new Error(`not a mail: ${mail?.kind}`);
      assertEquals([mail.server, mail.encrypted, mail.signedIn], [server, true, true]);
      assertEquals([mail.from, mail.to], ["relay@example.com", ["a@example.com", "b@example.com"]]);
      assertStringIncludes(mail.message, "\r\nFrom: Relay <relay@example.com>\r\n");
    }
  }
});

Deno.test("files are written to memory: read back within the run, gone after it, never on disk", async () => {
  const { reports: [first, second], base } = await dry(
    body(`
      const file = context.options.file;
      const before = await Deno.readTextFile(file).catch((error) => error.name);
      await Deno.mkdir(file.replace(/[^/]*$/, ""), { recursive: true });
      using opened = await Deno.open(file + ".part", { write: true, create: true, truncate: true });
      await opened.write(new TextEncoder().encode("grüße"));
      await Deno.rename(file + ".part", file);
      await Deno.writeTextFile(file, "!", { append: true });
      context.log.info(before, await Deno.readTextFile(file));`),
    {
      options: { file: "/nowhere/lists/a.txt" },
      allow: { read: ["/nowhere"], write: ["/nowhere"] },
      runs: 2,
    },
  );
  assertEquals([first!.outcome, first!.error], ["done", null]);
  assertEquals(first!.logs.map(({ text }) => text), ["NotFound grüße!"]);
  assertEquals(first!.sendings, [{ kind: "file", path: "/nowhere/lists/a.txt", text: "grüße!" }]);
  assertEquals(second!.logs, first!.logs);
  const { reports: [refused] } = await dry(body(`await Deno.writeTextFile("${base}/x", "")`));
  assertMatch(refused!.error!, /Requires write access/);
  const anywhere = await dry(body(`await Deno.writeTextFile("/nowhere/x", "y")`), {
    allow: { write: ["/"] },
  });
  assertEquals(anywhere.reports[0]!.sendings, [{ kind: "file", path: "/nowhere/x", text: "y" }]);
});

Deno.test("each run is told apart, also in what it does not wait for", async () => {
  const { reports } = await dry(
    body(`
      const seen = await context.kv.get("seen");
      context.kv.set("seen", (seen ?? 0) + 1);
      context.emit("relay.seen", { seen: seen ?? null });
      context.log.info(context.idempotencyKey);
      void fetch("https://a.example/" + context.idempotencyKey);`),
    { allow: { net: ["a.example"] }, kv: { seen: "41" }, runs: 3 },
  );
  for (const { sendings, logs, kv, emitted } of reports) {
    const key = logs[0]!.text;
    assertEquals(sendings.map((sending) => sending.kind === "request" && sending.url), [
      `https://a.example/${key}`,
    ]);
    assertEquals([kv, emitted], [[{ key: "seen", value: "42" }], [{
      type: "relay.seen",
      data: { seen: 41 },
    }]]);
  }
  assertEquals(new Set(reports.map(({ logs }) => logs[0]!.text)).size, 3);
});

Deno.test("a run that ends its process or never ends is told, and the next one runs in another process", async () => {
  const ended = await dry(body("Deno.exit(3);"), { runs: 2 });
  assertEquals(ended.reports.map(({ outcome }) => outcome), ["crashed", "crashed"]);
  assertMatch(ended.reports[1]!.error!, /exit code 3/);
  const hung = await dry(body("for (;;);"), { runs: 2 });
  assertEquals(hung.reports.map(({ outcome }) => outcome), ["timeout", "timeout"]);
  assertMatch(hung.reports[1]!.error!, /did not answer/);
});
