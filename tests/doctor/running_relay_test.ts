import { assertEquals, assertMatch } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { localUrl } from "../../lib/config/local_url.ts";
import { configSchema } from "../../lib/config/schema.ts";
import type { Finding } from "../../lib/doctor/finding.ts";
import { holderOf, judgeHolder } from "../../lib/doctor/listeners.ts";
import { judgeOverview, relayApi } from "../../lib/doctor/relay.ts";
import { secretFaults } from "../../lib/doctor/secrets.ts";
import { runCommand } from "../commands/run_command.ts";
import { createRelayFolder } from "../support/relay_process.ts";
import { until } from "../support/until.ts";

const at = (name: "server" | "admin", url: string) => ({
  name,
  hostname: "127.0.0.1",
  port: Number(new URL(url).port),
});
const lines = (findings: readonly Finding[]) =>
  findings.map(({ verdict, text, remedy }) => `${verdict}: ${text} → ${remedy ?? ""}`);

Deno.test("doctor tells a relay from another program, and a relay that can store from one that cannot", async () => {
  await using folder = await createRelayFolder({ plugins: {} });
  const relay = await folder.start();
  const admin = at("admin", relay.adminUrl);
  assertEquals(await holderOf(at("server", relay.url)), { kind: "relay", ready: true, problem: null });
  assertEquals(await holderOf(admin), { kind: "relay", ready: true, problem: null });

  const other = new DatabaseSync(`${folder.folder}/data/relay.db`, { timeout: 5000 });
  other.exec("BEGIN IMMEDIATE"); // a disk that takes no more looks the same to the relay
  const [stuck] = await until("the relay is not ready", async () => {
    const findings = lines(judgeHolder(admin, await holderOf(admin), true, true));
    return findings[0]?.startsWith("wrong") ? findings : null;
  });
  other.exec("ROLLBACK");
  other.close();
  assertMatch(stuck!, /^wrong: it runs, but is not ready: .* → see its log, and `disk` and `store`/);

  const answers = [
    new Response("hello"),
    Response.json({ status: "ready" }, { status: 404 }),
    Response.json({ reason: "overloaded" }, { status: 503 }),
  ];
  await using stranger = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => answers.shift()!,
  );
  const foreign = at("admin", `http://127.0.0.1:${stranger.addr.port}`);
  for (const _ of [...answers]) assertEquals(await holderOf(foreign), { kind: "other" });
});

Deno.test("doctor takes what speaks no HTTP for another program, and says of port 0 that it is not known", async () => {
  const mute = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const hangingUp = (async () => {
    for await (const connection of mute) connection.close();
  })();
  const listener = { name: "server", hostname: "127.0.0.1", port: mute.addr.port } as const;
  assertEquals(await holderOf(listener), { kind: "other" });
  mute.close();
  await hangingUp;
  assertEquals(judgeHolder({ ...listener, port: 0 }, { kind: "nobody" }, true, true)[0]?.verdict, "unknown");
});

Deno.test("doctor tells a relay that listens elsewhere than the config says from one that does not run", async () => {
  await using folder = await createRelayFolder({ plugins: {} });
  const relay = await folder.start();
  const free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = free.addr;
  free.close();
  const portOf = (url: string) => Number(new URL(url).port);
  const listeners = (server: number, admin: number) =>
    folder.writeConfig({
      server: { hostname: "127.0.0.1", port: server },
      admin: { hostname: "127.0.0.1", port: admin },
    });
  const told = async () => {
    const { stdout } = await runCommand(
      ["doctor", "--config", folder.configFile, "--json", "--clock-url", `${relay.url}/healthz`],
    );
    const { findings } = JSON.parse(stdout) as { findings: Finding[] };
    return lines(findings.filter(({ check }) => check === "relay"));
  };
  await listeners(port, portOf(relay.adminUrl));
  assertEquals(await told(), [
    `note: the relay runs, but not at 127.0.0.1:${port} → restart it, for a changed server.hostname or server.port`,
    `right: admin answers at 127.0.0.1:${portOf(relay.adminUrl)} → `,
  ]);
  await listeners(portOf(relay.url), port);
  assertEquals(await told(), [
    `right: server answers at 127.0.0.1:${portOf(relay.url)} → `,
    `note: the relay runs, but not at 127.0.0.1:${port} → restart it, for a changed admin.hostname or admin.port`,
  ]);
  const nowhere = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const other = nowhere.addr.port;
  nowhere.close();
  await listeners(port, other);
  assertEquals(await told(), [
    `note: a relay uses the store, but nobody listens at 127.0.0.1:${port} → restart it: config.json names other ` +
    "addresses than when it started; or it is just starting or ending",
  ]);
  await relay.kill();
  await listeners(port, portOf(relay.adminUrl));
  assertEquals(await told(), [
    `note: it does not run: nobody listens at 127.0.0.1:${port} → \`deno task start\``,
  ]);
});

Deno.test("doctor tells a relay that does not know the config's token", async () => {
  await using folder = await createRelayFolder({
    config: { admin: { port: 0, token: "the-token-of-its-start" } },
  });
  const relay = await folder.start();
  const told = lines(judgeOverview(await relayApi(relay.adminUrl, "another").overview(), relay.adminUrl));
  assertMatch(told[0]!, /^unknown: the relay does not tell how it is: 401 .* → was admin\.token changed/);
});

Deno.test("doctor passes on what a running relay thinks wrong of itself", async () => {
  await using folder = await createRelayFolder({
    plugins: { "fails.ts": 'export default { fields: ["name"], run() { throw new Error("no"); } };' },
    config: { retry: { maxAttempts: 1 }, routes: [{ name: "gone", plugin: "nowhere" }] },
  });
  const relay = await folder.start();
  const api = relayApi(relay.adminUrl, undefined);
  assertEquals(await api.newestOf("cryptosync"), null);
  await relay.send({
    id: "evt-1",
    body:
      '{"event_type":"cg.coin.info.updated","data":{"id":"a","changes":[{"field":"name","change_type":"update"}]}}',
  });
  assertEquals(await api.newestOf("cryptosync"), "evt-1");
  const told = await until("there is a dead letter", async () => {
    const findings = lines(judgeOverview(await api.overview(), relay.adminUrl));
    return findings.some((line) => line.includes("dead letter")) ? findings.sort() : null;
  });
  assertMatch(told[0]!, /^note: 1 dead letter → see http:\/\/127\.0\.0\.1:\d+\/deliveries\?state=dead/);
  assertMatch(told[1]!, /^wrong: route gone cannot run: there is no plugin "nowhere".* → see http/);

  const elsewhere = lines(judgeOverview(await relayApi(relay.url, "x").overview(), relay.url));
  assertMatch(
    elsewhere[0]!,
    /^unknown: the relay does not tell how it is: 404 No source has .* → look at its log/,
  );
});

Deno.test("doctor knows where to knock for each way to write an address", () => {
  const of = (hostname: string) => localUrl({ hostname, port: 1 });
  assertEquals(["0.0.0.0", "::", "[::1]", "::1", "localhost", "10.0.0.7"].map(of), [
    "http://127.0.0.1:1",
    "http://[::1]:1",
    "http://[::1]:1",
    "http://[::1]:1",
    "http://localhost:1",
    "http://10.0.0.7:1",
  ]);
});

Deno.test("doctor judges each secret by its form, and tells none", () => {
  const said = (...secrets: string[][]) =>
    secretFaults(configSchema.parse({
      sources: secrets.map((secrets, i) => ({ name: `s${i}`, path: `/${i}`, secrets })),
    })).map(({ grave, path, problem }) => `${grave ? "grave: " : ""}${path} ${problem}`.trim());
  const sound = "whsec_0123456789abcdef";
  assertEquals(said([sound]), []);
  assertMatch(said([sound.slice(0, -1)])[0]!, /^grave: sources\[0\]\.secrets\[0\] is so short/);
  assertMatch(said([sound.slice(6)])[0]!, /^sources\[0\]\.secrets\[0\] does not begin with whsec_/);
  assertMatch(said([sound, `${sound}0`])[0]!, /^s0 accepts 2 secrets/);
  assertMatch(said([sound], [`${sound}0`, sound])[1]!, /^grave: +s1 and s0 have the same signing secret/);
  assertEquals(said([sound, sound]).filter((one) => one.startsWith("grave")), []);
});
