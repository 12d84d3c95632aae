import { assertEquals, assertMatch } from "@std/assert";
import { dirname, join } from "@std/path";
import { examineCopies } from "../../lib/doctor/copies.ts";
import { judgeRoom, readRoom } from "../../lib/doctor/disk.ts";
import type { Finding } from "../../lib/doctor/finding.ts";
import { type Holder, judgeHolder } from "../../lib/doctor/listeners.ts";
import { examineProgram } from "../../lib/doctor/program.ts";
import { judgeOverview, relayApi } from "../../lib/doctor/relay.ts";
import { examineSecrets } from "../../lib/doctor/secrets.ts";
import { judgeStore } from "../../lib/doctor/store.ts";
import { configSchema } from "../../lib/config/schema.ts";
import { openRoom } from "../admin/room.ts";
import { anEvent } from "../store/fixtures.ts";

const MIB = 2 ** 20;
const line = ({ verdict, text, remedy }: Finding) => `${verdict}: ${text}${remedy ? ` → ${remedy}` : ""}`;
const lines = (findings: readonly Finding[]) => findings.map(line);

Deno.test("doctor tells how much room is left, and from where on it is too little", () => {
  const room = (free: number, store = 3 * MIB) => lines([judgeRoom({ free, store })])[0]!;
  const remedy = "→ make room, or keep events for fewer days: retention.days in config.json";
  assertEquals(
    room(100 * MIB - 1),
    "wrong: 100 MiB free; the store takes 3 MiB: a full disk answers the provider 503, and it disables webhooks " +
      `that do ${remedy}`,
  );
  assertEquals(room(100 * MIB), `note: 100 MiB free; the store takes 3 MiB ${remedy}`);
  assertEquals(room(1024 * MIB), "right: 1024 MiB free; the store takes 3 MiB");
  assertEquals(room(20_480 * MIB, 20_480 * MIB), "right: 20 GiB free; the store takes 20 GiB");
  assertMatch(
    room(20_480 * MIB, 20_480 * MIB + 1),
    /^note: .*: a backup beside it does not fit → write backups/,
  );
  assertEquals(judgeRoom(null).verdict, "unknown");
  assertEquals(readRoom("/nowhere/at/all", 1), null);
  assertEquals(readRoom(".", 7)?.store, 7);
});

Deno.test("doctor tells a store that is sound from one that was not read through, is not there, or is older", () => {
  const told = (parts: Partial<Parameters<typeof judgeStore>[0]>) =>
    lines([
      judgeStore({
        file: "/x/relay.db",
        bytes: 1.5 * MIB,
        state: "usable",
        problem: null,
        readThrough: true,
        ...parts,
      }),
    ])[0];
  assertEquals(told({}), "right: /x/relay.db: sound, 1.5 MiB");
  assertEquals(
    told({ readThrough: false }),
    "note: /x/relay.db: can be used, 1.5 MiB; not read through for its size → `deno task doctor --deep` does",
  );
  assertEquals(told({ file: null, readThrough: false }), "right: the database: sound");
  assertMatch(
    told({ state: "missing" })!,
    /^note: \/x\/relay\.db is not there yet → the first start makes it/,
  );
  assertMatch(told({ state: "older" })!, /^note: .* an older coinrelay; .* → `deno task backup` first/);
  assertEquals(told({ state: "unusable", problem: "it is damaged" }), "wrong: it is damaged");
});

Deno.test("doctor says of each port who has it, and what to do", () => {
  const told = (name: "server" | "admin", holder: Holder, runs = false, port = 8080) =>
    lines(judgeHolder({ name, hostname: "0.0.0.0", port }, holder, runs, false));
  const refused: Holder = { kind: "refused", problem: "Permission denied" };
  assertEquals(told("server", { kind: "nobody" }), [
    "note: it does not run: nobody listens at 0.0.0.0:8080 → `deno task start`",
  ]);
  assertEquals(told("admin", { kind: "nobody" }), []);
  assertMatch(
    told("admin", { kind: "nobody" }, true)[0]!,
    /^note: the relay runs, but not at .*admin\.port$/,
  );
  assertMatch(told("server", refused, false, 1023)[0]!, /^wrong: .*Permission denied → a port below 1024/);
  assertMatch(told("server", refused, false, 1024)[0]!, /^wrong: .* → server\.hostname must be an address/);
});

Deno.test("doctor says when Deno is older than what the relay was tried with, part by part, and when the relay would be root", () => {
  const verdict = (version: string) => examineProgram(version, 1000)[0]?.verdict;
  assertEquals(["2.9.5-rc.1", "2.8.10", "1.99.99", "2.9"].map(verdict), ["note", "note", "note", "note"]);
  assertEquals(examineProgram("2.8.9", 0).map(({ verdict }) => verdict), ["note", "note"]);
  for (const uid of [null, 1000]) {
    assertEquals(examineProgram("2.9.6", uid).map(({ verdict }) => verdict), ["right"]);
  }
  assertEquals(["2.9.6", "2.9.6-rc.1", "2.9.10", "2.10.0", "3.0.0+abc"].map(verdict), [
    "right",
    "right",
    "right",
    "right",
    "right",
  ]);
});

Deno.test("doctor counts the signing secrets where none of them is wrong, and then says what is worth a look", () => {
  const sound = "whsec_0123456789abcdef";
  const of = (...secrets: string[][]) =>
    lines(examineSecrets(configSchema.parse({
      sources: secrets.map((secrets, i) => ({ name: `s${i}`, path: `/${i}`, secrets })),
    })));
  assertEquals(of([sound]), ["right: 1 signing secret"]);
  assertEquals(of([sound], [`${sound}0`]), ["right: 2 signing secrets"]);
  const url = "postgres://relay:short@db.example/relay";
  const sources = [{ name: "s", secrets: [sound] }];
  assertMatch(
    lines(examineSecrets(configSchema.parse({ store: url, sources })))[1]!,
    /^note: the password in store is short: .* → choose a longer one$/,
  );
  const [count, rotation] = of([sound, `${sound}0`]);
  assertEquals(count, "right: 2 signing secrets");
  assertMatch(rotation!, /^note: s0 accepts 2 secrets → right while one is being rotated/);
  assertEquals(of([sound], [sound]), [
    "wrong: s1 and s0 have the same signing secret → copy each from the provider's dashboard again, which gives each " +
    "webhook its own: now one of the two refuses everything",
  ]);
  assertEquals(of([sound, sound]).some((line) => line.includes("the same signing secret")), false);
  for (const secret of [`'${sound}'`, `${sound}\u00a0x`, "whsec_0123456789abcde"]) {
    const said = of([secret]);
    assertEquals(said.map((one) => one.split(":")[0]), ["wrong"], said.join("\n"));
  }
});

Deno.test("doctor says of a relay that is well when it heard its last event, if any", async () => {
  await using room = await openRoom();
  const said = async () => lines(judgeOverview(await room.json("/api/overview"), "http://127.0.0.1:8081"));
  assertEquals(await said(), ["right: no event yet"]);
  const overview = { ...await room.json("/api/overview"), lastEventAt: "2026-01-01T00:00:00.000Z" };
  assertEquals(lines(judgeOverview(overview, "")), ["right: good; last event 2026-01-01T00:00:00.000Z"]);
});

Deno.test("doctor finds the newest event of a quiet source, however much a busy one has sent since", async () => {
  await using room = await openRoom({ admin: { token: "the-whole-token" } });
  await room.store.append([anEvent("quiet"), anEvent("quieter")]);
  await room.store.append(Array.from({ length: 9000 }, (_, i) => anEvent(`e${i}`, { source: "busy" })));
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request, info) => room.admin.handle(request, info),
  );
  const url = `http://127.0.0.1:${server.addr.port}`;
  const api = relayApi(url, "the-whole-token");
  assertEquals(await api.newestOf("cryptosync"), "quieter");
  assertEquals(await api.newestOf("busy"), "e8999");
  assertEquals(await api.newestOf("nobody"), null);
  assertEquals(await relayApi(url, undefined).newestOf("busy"), null);
});

Deno.test("a unit and a command that an upgrade left behind are told of, those of another program's folder are not", async () => {
  const folder = await Deno.makeTempDir();
  const [project, root] = [join(folder, "program/"), join(folder, "root")];
  const unit = `[Service]\nWorkingDirectory=${join(folder, "program")}\n`;
  const write = async (file: string, text: string) => {
    await Deno.mkdir(dirname(file), { recursive: true });
    await Deno.writeTextFile(file, text);
  };
  const told = () => examineCopies(project, root).map(({ verdict, text }) => `${verdict}: ${text}`);
  const installed = join(root, "/etc/systemd/system/coinrelay.service");
  try {
    await write(join(project, "deploy/systemd/coinrelay.service"), unit);
    await write(join(project, "deploy/systemd/coinrelay"), "new");
    assertEquals(told(), [], "not installed");
    await write(installed, unit);
    assertEquals(told(), [], "the unit alone");
    await write(join(root, "/usr/local/bin/coinrelay"), "old");
    await write(installed, `${unit}MemoryMax=1G\n`);
    assertEquals(told(), [
      "note: /etc/systemd/system/coinrelay.service is not as this version has it",
      "note: /usr/local/bin/coinrelay is not as this version has it",
    ]);
    await write(installed, "[Service]\nWorkingDirectory=/opt/coinrelay\n");
    assertEquals(told(), [], "of another program");
    await write(installed, unit);
    await write(join(root, "/usr/local/bin/coinrelay"), "new");
    assertEquals(told(), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
