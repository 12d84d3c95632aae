import { assert, assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { DatabaseSync } from "node:sqlite";
import { openStore } from "../../lib/store/open.ts";
import { anEvent } from "../store/fixtures.ts";
import { until } from "../support/until.ts";
import { runCommand } from "../commands/run_command.ts";
import { startReceiver } from "../support/receiver.ts";
import { createRelayFolder } from "../support/relay_process.ts";

const body = (coin: string, ...fields: string[]) =>
  JSON.stringify({
    event_type: "cg.coin.info.updated",
    data: {
      id: coin,
      symbol: coin,
      name: coin,
      changes: fields.map((field) => ({ field, change_type: "update", old_value: "a", new_value: "b" })),
    },
  });

/** What shows that the relay was told at once: it looks by itself only every 15 seconds. */
const AT_ONCE_MS = 12_000;

/** A relay with the routes `a` and `b`, each to a receiver of its own, and commands beside it. */
async function startTwoRoutes() {
  const answers = { a: 200, b: 200 };
  const a = startReceiver(() => new Response("", { status: answers.a }));
  const b = startReceiver(() => new Response("", { status: answers.b }));
  const route = (name: string, url: string) => ({ name, plugin: "http", events: ["cg.*"], options: { url } });
  const folder = await createRelayFolder({
    config: { routes: [route("a", a.url), { ...route("b", b.url), fields: ["links.*"] }] },
  });
  const relay = await folder.start();
  const store = await openStore("sqlite:data/relay.db", folder.folder, { shared: true });
  const run = (...args: string[]) => runCommand([args[0]!, "--config", folder.configFile, ...args.slice(1)]);
  return {
    answers,
    a,
    b,
    folder,
    relay,
    store,
    run,
    /** Runs a command with --json that must succeed. */
    async json(...args: string[]) {
      const { code, stdout, stderr } = await run(...args, "--json");
      assertEquals([code, stderr], [0, ""]);
      return JSON.parse(stdout);
    },
    async settled(route: string, state: "done" | "dead", count: number) {
      const end = performance.now() + AT_ONCE_MS;
      for (;;) {
        const found = await store.deliveries({ routes: [route], states: [state] }, { limit: 100 });
        if (found.length >= count) return found;
        if (performance.now() > end) {
          throw new Error(`no ${count} deliveries of ${route} are ${state} in time`);
        }
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    async [Symbol.asyncDispose]() {
      await store.close();
      await folder[Symbol.asyncDispose]();
      await a[Symbol.asyncDispose]();
      await b[Symbol.asyncDispose]();
    },
  };
}

Deno.test("dead-letters lists, shows with attempts and raw event, retries and discards beside a running relay", async () => {
  await using at = await startTwoRoutes();
  at.answers.a = 400;
  for (const coin of ["one", "two", "three"]) {
    await at.relay.send({ id: `evt-${coin}`, body: body(coin, "name") });
  }
  const [, two] = (await at.settled("a", "dead", 3)).toReversed();

  const { code, stdout } = await at.run("dead-letters");
  assertEquals(code, 0);
  assertMatch(stdout, /3 dead letters: a 3/);
  assertStringIncludes(stdout, "400");
  const listed = await at.json("dead-letters", "list", "--coin", "two");
  assertEquals([listed.count, listed.deadLetters[0].id], [1, two!.id]);

  const shown = await at.run("dead-letters", "show", String(two!.id));
  assertStringIncludes(shown.stdout, body("two", "name"));
  assertMatch(shown.stdout, /permanent/);
  assertEquals((await at.json("dead-letters", "show", String(two!.id))).deliveries[0].tries.length, 1);

  assertEquals(await at.json("dead-letters", "discard", String(two!.id)), { action: "discard", count: 1 });
  assertEquals((await at.json("dead-letters", "list")).count, 2);

  at.answers.a = 200;
  assertEquals(await at.json("dead-letters", "retry", "--all", "--yes"), { action: "retry", count: 2 });
  await at.settled("a", "done", 2);
  assertEquals(await at.json("dead-letters", "retry", String(two!.id)), { action: "retry", count: 1 });
  await at.settled("a", "done", 3);
  assertEquals((await at.run("dead-letters")).stdout, "No dead letters.\n");
});

Deno.test("what waits for a route that is not in force is listed and discarded with --waiting, and delivered should it come back", async () => {
  await using folder = await createRelayFolder({
    config: { routes: [{ name: "off", plugin: "idle", disabled: true }] },
    plugins: {
      "here.ts": 'export default { fields: ["*"], run() {} };',
      "idle.ts": "export default { run() {} };",
      "broken.ts": "export default {",
    },
  });
  const store = await openStore("sqlite:data/relay.db", folder.folder);
  const routes = ["broken", "here", "idle", "lost", "off"];
  const deliveries = routes.map((route) => ({ route, matched: null, dueAt: 0 }));
  await store.append(["one", "two"].map((id) => anEvent(id, { deliveries, coin: id })));
  await store.close();
  const run = async (expected: number, ...args: string[]) => {
    const { code, stdout, stderr } = await runCommand([
      "dead-letters",
      ...args,
      "--config",
      folder.configFile,
    ]);
    assertEquals(code, expected, stderr);
    return stdout + stderr;
  };
  assertEquals(await run(0), "No dead letters.\n");
  assertEquals(await run(0, "discard", "--all", "--yes"), "No dead letter fits.\n");
  const listed = await run(0, "--waiting");
  assertStringIncludes(listed, "6 deliveries that wait for what is not in force: idle 2, lost 2, off 2\n");
  assertStringIncludes(listed, "WAITS SINCE (UTC)");

  assertStringIncludes(await run(1, "discard", "--waiting", "--yes"), "say which to discard");
  assertStringIncludes(await run(1, "discard", "--waiting", "--route", "lost"), "--yes");
  assertStringIncludes(
    await run(1, "discard", "--waiting", "--route", "here", "--yes"),
    "the route here is in force: what waits for it is delivered",
  );
  assertStringIncludes(
    await run(1, "discard", "--waiting", "--route", "broken", "--yes"),
    "the plugin broken does not load, and may have a route: mend it, or take it away",
  );
  assertStringIncludes(
    await run(1, "retry", "--waiting", "--all", "--yes"),
    "--waiting is for list and discard",
  );
  assertStringIncludes(await run(1, "discard", "--waiting", "1", "2"), "Nothing of that waits");

  assertStringIncludes(
    await run(0, "discard", "--waiting", "--route", "lost", "--coin", "one", "--yes"),
    "1 discarded.",
  );
  assertEquals(
    await run(0, "discard", "--waiting", "--route", "off", "--yes", "--json"),
    '{"action":"discard","count":2}\n',
  );
  assertStringIncludes(
    await run(0, "--waiting"),
    "3 deliveries that wait for what is not in force: idle 2, lost 1\n",
  );

  await folder.writeConfig({ routes: [{ name: "lost", plugin: "idle" }] });
  await folder.start();
  const beside = await openStore("sqlite:data/relay.db", folder.folder, { shared: true });
  try {
    const stand = async (route: string) =>
      (await beside.deliveries({ routes: [route], discarded: true }, { limit: 9 })).map((one) =>
        one.discarded ? "discarded" : one.state
      );
    await until("what still waited is delivered", async () => (await stand("lost")).includes("done"));
    assertEquals((await stand("lost")).sort(), ["discarded", "done"]);
    assertEquals(await stand("off"), ["discarded", "discarded"]);
    assertEquals(await stand("idle"), ["pending", "pending"]);
  } finally {
    await beside.close();
  }
});

Deno.test("dead-letters and replay do nothing to many without being told which, or without --yes", async () => {
  await using at = await startTwoRoutes();
  at.answers.a = 400;
  await at.relay.send({ body: body("one", "name") });
  await at.settled("a", "dead", 1);
  const refused = async (...args: string[]) => {
    const { code, stderr } = await at.run(...args);
    assertEquals(code, 1, stderr);
    return stderr;
  };
  assertStringIncludes(await refused("dead-letters", "retry"), "--all");
  assertStringIncludes(await refused("dead-letters", "discard", "--route", "a"), "--yes");
  assertStringIncludes(await refused("replay"), "--all");
  assertStringIncludes(await refused("replay", "--dead"), "--yes");
  assertStringIncludes(await refused("replay", "--route", "bb", "--yes"), 'did you mean "b"?');
  assertStringIncludes(await refused("replay", "--dead", "--to", "aa", "--yes"), 'did you mean "a"?');
  assertStringIncludes(await refused("replay", "--field", "a..b", "--yes"), "empty segment");
  assertMatch(
    await refused("replay", "--since", "yesterday", "--yes"),
    /^deno task replay: --since takes a time \(2026-.*\) or an age \(90s, 30m, 2h, 7d\)\n/,
  );
  assertStringIncludes(await refused("dead-letters", "show", "77"), "no delivery 77");
  for (const id of ["1.9", "1e0", "0x1", "-", ""]) {
    assertStringIncludes(await refused("dead-letters", "discard", id), `${JSON.stringify(id)} is no id`);
  }
  assertEquals(
    (await at.store.deliveries({}, { limit: 9 })).map(({ state, discarded }) => [state, discarded]),
    [
      ["dead", false],
    ],
  );
});

Deno.test("replay repeats only the chosen route's action, marked as one, under a key and with attempts of its own", async () => {
  await using at = await startTwoRoutes();
  await at.relay.send({ id: "evt-1", body: body("one", "links.homepage") });
  await at.settled("a", "done", 1);
  const [first] = await at.settled("b", "done", 1);
  assertEquals((await at.json("replay", "--event", "evt-1", "--route", "b", "--dry-run")).deliveries, 1);
  assertEquals((await at.json("replay", "--event", "evt-1", "--route", "b")).replayed, 1);
  const [second] = await at.settled("b", "done", 2);
  assertEquals([second!.replayOf, second!.attempts], [first!.id, 1]);
  assertEquals((await at.store.attempts(second!.id)).length, 1);
  assertEquals([at.a.received.length, at.b.received.length], [1, 2]);
  assertEquals(at.b.received[1]!.text, at.b.received[0]!.text);
  assertNotEquals(at.b.received[1]!.headers["webhook-id"], at.b.received[0]!.headers["webhook-id"]);
});

Deno.test("replay --dead makes again what died and was not mended since, --to sends to another route", async () => {
  await using at = await startTwoRoutes();
  at.answers.b = 400;
  await at.relay.send({ id: "evt-1", body: body("one", "links.homepage") });
  await at.relay.send({ id: "evt-2", body: body("two", "name") });
  await at.settled("b", "dead", 1);
  await at.settled("a", "done", 2);
  at.answers.b = 200;
  assertEquals((await at.json("replay", "--dead", "--yes")).routes, { b: 1 });
  await at.settled("b", "done", 1);
  assertEquals((await at.run("replay", "--dead", "--yes")).code, 1);

  // evt-2 is none of b's: its filters take no `name`.
  assertEquals((await at.json("replay", "--all", "--to", "b", "--yes")).routes, { b: 1 });
  await at.settled("b", "done", 2);
  assertEquals(at.b.received.map(({ text }) => JSON.parse(text).id), ["evt-1", "evt-1", "evt-1"]);
});

Deno.test("backup writes a whole copy of a store that is being written to", async () => {
  await using at = await startTwoRoutes();
  for (let i = 0; i < 20; i++) await at.relay.send({ id: `evt-${i}`, body: body("one", "name") });
  const file = join(at.folder.folder, "copy.db");
  let sending = true;
  const traffic = (async () => {
    while (sending) await at.relay.send({ body: body("later", "name") });
  })();
  assert((await at.json("backup", file)).bytes > 0);
  sending = false;
  await traffic;
  const copy = await openStore("sqlite:copy.db", at.folder.folder);
  assertEquals((await copy.events({ coin: "one" }, { limit: 100 })).length, 20);
  await copy.close();
  const again = await at.run("backup", file);
  assertEquals(again.code, 1);
  assertStringIncludes(again.stderr, "there is such a file");
});

Deno.test("a backup that cannot be written there says which, and why", async () => {
  await using at = await startTwoRoutes();
  const nowhere = await at.run("backup", "/nowhere/x.db");
  assertEquals([nowhere.code, nowhere.stderr], [
    1,
    "Cannot write the backup /nowhere/x.db: its folder does not exist. Make it, or name another\n",
  ]);
  const refused = await at.run("backup", "/sys/x.db"); // where not even root may
  assertEquals([refused.code, refused.stderr], [
    1,
    "Cannot write the backup /sys/x.db: this user may not write there\n",
  ]);
  const nothing = await at.run("backup");
  assertEquals(nothing.code, 1);
  assertStringIncludes(nothing.stderr, "say which FILE to write");
});

Deno.test("a command that is newer than the relay beside it changes nothing: it says so, and backs up", async () => {
  await using at = await startTwoRoutes();
  await at.relay.send({ id: "evt-1", body: body("one", "name") });
  await at.settled("a", "done", 1);
  const file = join(at.folder.folder, "data", "relay.db");
  using db = new DatabaseSync(file);
  db.exec("PRAGMA user_version = 0"); // as a version before this one would have written it
  for (
    const command of [["dead-letters"], ["replay", "--event", "evt-1"], ["try", "a", "--event", "evt-1"]]
  ) {
    const { code, stderr } = await at.run(...command);
    assertEquals(code, 1, command.join(" "));
    assertStringIncludes(stderr, "an older coinrelay wrote it, and may be running on it", command.join(" "));
  }
  assert((await at.json("backup", join(at.folder.folder, "copy.db"))).bytes > 0);
  assertEquals(await at.relay.send({ id: "evt-2", body: body("one", "name") }), "accepted");
  await at.settled("a", "done", 2);
  assertEquals(db.prepare("PRAGMA user_version").get()!["user_version"], 0);
});

Deno.test("commands beside a relay make no store where there is none", async () => {
  await using folder = await createRelayFolder();
  const { code, stderr } = await runCommand(["dead-letters", "--config", folder.configFile]);
  assertEquals(code, 1);
  assertStringIncludes(stderr, "start the relay once");
});
