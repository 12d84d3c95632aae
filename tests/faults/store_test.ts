import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { until } from "../support/until.ts";
import { startStoringRelay } from "./storing_relay.ts";

async function tempFolder() {
  const path = await Deno.makeTempDir({ prefix: "coinrelay-test-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** Limits how large a file the relay may write, as `ulimit -f` does; null: no limit. */
async function limitFileSize(pid: number, bytes: number | null) {
  const args = ["--pid", String(pid), `--fsize=${bytes ?? "unlimited"}:unlimited`];
  const { success } = await new Deno.Command("prlimit", { args }).output();
  assert(success, "prlimit sets the limit");
}

const hasPrlimit = Deno.build.os === "linux" &&
  await new Deno.Command("prlimit", { args: ["--version"], stdout: "null" }).output().then(
    () => true,
    () => false,
  );

Deno.test({
  name: "writes that fail with an error of their own: 503, the relay lives, and all goes on afterwards",
  ignore: !hasPrlimit,
  async fn() {
    await using folder = await tempFolder();
    await using at = await startStoringRelay(folder.path);
    await at.send();
    await at.receiver.arrived(1);
    await limitFileSize(at.relay().pid, 16_384);
    await at.sendUntilRefused();
    for (let i = 0; i < 5; i++) await at.send();
    await limitFileSize(at.relay().pid, null);
    await at.sendUntilAccepted();
    await at.assertKept();
    assertEquals(await at.relay().stop(), 0);
  },
});

Deno.test("a lock that another process holds: 503, and what ran meanwhile is written once it is gone", async () => {
  const release = Promise.withResolvers<void>();
  let slow = true;
  await using folder = await tempFolder();
  await using at = await startStoringRelay(folder.path, {
    async answer() {
      if (slow) await release.promise;
      return new Response("ok");
    },
  });
  for (let i = 0; i < 8; i++) await at.send();
  await at.receiver.arrived(8);
  const holder = new DatabaseSync(at.file, { timeout: 5000 });
  holder.exec("BEGIN IMMEDIATE");
  slow = false;
  release.resolve(); // the deliveries end now, and their end cannot be written
  await at.sendUntilRefused();
  assertEquals(await at.ready(), 503);
  holder.exec("ROLLBACK");
  holder.close();
  await at.sendUntilAccepted();
  assertEquals(await at.ready(), 200);
  await at.assertKept();
});

Deno.test("a file that is moved away under the relay: 503, and all goes on when it is put back", async () => {
  await using folder = await tempFolder();
  await using at = await startStoringRelay(folder.path);
  await at.send();
  await Deno.rename(at.file, `${at.file}.away`);
  await at.sendUntilRefused();
  assertEquals(await at.ready(), 503);
  await Deno.rename(`${at.file}.away`, at.file);
  await at.sendUntilAccepted();
  assertEquals(await at.ready(), 200);
  await at.assertKept();
});

Deno.test("a file that is no database is refused at the start, with what to do", async () => {
  await using folder = await tempFolder();
  await using at = await startStoringRelay(folder.path);
  await at.send();
  await at.relay().stop();
  const whole = await Deno.readFile(at.file);
  await Deno.writeFile(at.file, whole.with(0, 0).fill(120, 0, 100));
  const starting = at.folder.spawn();
  const told = await starting.listening.then(() => "", (error) => String(error));
  assertEquals((await starting.ended).code, 1);
  assertStringIncludes(told, at.file);
  assertStringIncludes(told, "put a backup in its place");
  await Deno.writeFile(at.file, whole);
  await at.startAgain();
  await at.sendUntilAccepted();
  await at.assertKept();
});

Deno.test("a file damaged in the middle is refused as well, or answered 503 where the damage shows later", async () => {
  await using folder = await tempFolder();
  await using at = await startStoringRelay(folder.path);
  for (let i = 0; i < 50; i++) await at.send();
  await at.relay().stop();
  const whole = await Deno.readFile(at.file);
  await Deno.writeFile(at.file, whole.with(0, whole[0]!).fill(0xa5, 4096)); // all but the first page, which names the tables
  const starting = at.folder.spawn();
  const told = await starting.listening.then(() => "", (error) => String(error));
  assertEquals((await starting.ended).code, 1);
  assertStringIncludes(told, "put a backup in its place");

  // The root of one index alone: nothing reads it before an event arrives.
  await Deno.writeFile(at.file, whole);
  const db = new DatabaseSync(at.file, { readOnly: true });
  const { rootpage } = db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'remembered_received'")
    .get() as {
      rootpage: number;
    };
  db.close();
  await Deno.writeFile(at.file, whole.slice().fill(0xa5, (rootpage - 1) * 4096, rootpage * 4096));
  await at.startAgain();
  await at.sendUntilRefused();
  await until(
    "the log says what to do",
    () => at.relay().said.some((line) => line.includes("restore a backup")),
  );
});
