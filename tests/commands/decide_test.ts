/** `deno task dead-letters` and `deno task replay` where no relay runs, as a person types them. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { DatabaseSync } from "node:sqlite";
import { openStore } from "../../lib/store/open.ts";
import { inFolder } from "../config/folder.ts";
import { anEvent, asking, ending, planned } from "../store/fixtures.ts";
import { runCommand } from "./run_command.ts";

const CONFIG = {
  "config.json": {
    store: "sqlite:./relay.db",
    sources: [{ name: "cryptosync", secrets: ["whsec_of_the_source"] }],
    routes: [
      { name: "slack", plugin: "idle" },
      { name: "off", plugin: "idle", disabled: true },
    ],
  },
  "plugins/idle.ts": "export default { run() {} };",
};

type Run = (...args: string[]) => Promise<{ code: number; stdout: string; stderr: string }>;

/** A store with so many events, each with a delivery to `slack`, which `dead` of them are dead letters of; and commands. */
function withLetters(
  { events, dead, error = "no answer" }: { events: number; dead: number; error?: string },
  use: (run: Run, folder: string) => Promise<void>,
): Promise<void> {
  return inFolder(CONFIG, async (folder) => {
    const store = await openStore("sqlite:./relay.db", folder);
    const body = new TextEncoder().encode('{"event_type":"x","data":{"id":"btc\u001b[2J"}}');
    await store.append(
      Array.from({ length: events }, (_, i) => anEvent(`evt-${i}`, { body, deliveries: [planned()] })),
    );
    const { claimed } = await store.claim(asking({ limit: events }));
    const ends = claimed.map((one, i) => {
      const settlement = ending(one, i < dead ? "dead" : "done");
      return i < dead ? { ...settlement, attempt: { ...settlement.attempt!, error } } : settlement;
    });
    await store.settle("one", ends, 2000);
    await store.close();
    await use(
      async (command, ...args) =>
        await runCommand([command!, "--config", join(folder, "config.json"), ...args], { NO_COLOR: "1" }),
      folder,
    );
  });
}

Deno.test("dead-letters tells how many there are beside those that it lists, and obeys none of their words", () =>
  withLetters(
    { events: 30, dead: 25, error: `\u001b[2Jgone\n${"far too long ".repeat(20)}` },
    async (run) => {
      const { code, stdout } = await run("dead-letters");
      assertEquals(code, 0);
      assertStringIncludes(stdout, "25 dead letters: slack 25; the newest 20 are shown");
      assertMatch(stdout, /^25 .* slack +btc +1 attempt +\ufffd\[2Jgone far too long .*…$/m);
      assertEquals(stdout.includes("\u001b"), false);
      const few = await run("dead-letters", "--limit", "3");
      assertStringIncludes(few.stdout, "the newest 3 are shown");
      const all = await run("dead-letters", "list", "--limit", "25");
      assert(!all.stdout.includes("are shown"));
      const shown = await run("dead-letters", "show", "1");
      assertEquals(shown.code, 0);
      assertStringIncludes(
        shown.stdout,
        'raw event (42 bytes)\n{"event_type":"x","data":{"id":"btc\ufffd[2J"}}',
      );
      assertEquals(shown.stdout.includes("\u001b"), false);
    },
  ));

Deno.test("dead-letters takes ids, filters or --all, and each only where it makes sense", () =>
  withLetters({ events: 2, dead: 2 }, async (run) => {
    for (
      const [args, says] of [
        [["list", "1"], "list takes filters; `show` takes an id"],
        [["show"], "show takes one id"],
        [["show", "1", "2"], "show takes one id"],
        [["discard"], "say which to discard: ids, filters, or --all"],
        [["discard", "1", "--all", "--yes"], "ids, filters and --all exclude each other"],
        [["discard", "1", "--coin", "btc", "--yes"], "ids, filters and --all exclude each other"],
        [["retry", "--all", "--route", "slack", "--yes"], "ids, filters and --all exclude each other"],
        [["list", "--route", "slak"], 'did you mean "slack"?'],
        [["lst"], 'did you mean "list"?'],
      ] as const
    ) {
      const { code, stdout, stderr } = await run("dead-letters", ...args);
      assertEquals([code, stdout], [1, ""], args.join(" "));
      assertStringIncludes(stderr, says);
    }
    assertEquals(JSON.parse((await run("dead-letters", "--json")).stdout).count, 2);
  }));

Deno.test("a decision on nothing ends in 1, with --all in 0, and says so to people and machines", () =>
  withLetters({ events: 1, dead: 0 }, async (run) => {
    for (
      const [args, code, said] of [
        [["retry", "7"], 1, "None of these is a dead letter.\n"],
        [["discard", "--coin", "none", "--yes"], 1, "No dead letter fits.\n"],
        [["retry", "--all", "--yes"], 0, "No dead letter fits.\n"],
        [["retry", "7", "--json"], 1, '{"action":"retry","count":0}\n'],
        [["discard", "--all", "--json"], 0, '{"action":"discard","count":0}\n'],
      ] as const
    ) {
      const ran = await run("dead-letters", ...args);
      assertEquals([ran.code, ran.stdout + ran.stderr], [code, said], args.join(" "));
    }
  }));

Deno.test("what is made due for a route that is not in force is said to wait, and for what", () =>
  withLetters({ events: 2, dead: 2 }, async (run, folder) => {
    const config = { ...CONFIG["config.json"], routes: [{ name: "slack", plugin: "idle", disabled: true }] };
    await Deno.writeTextFile(join(folder, "config.json"), JSON.stringify(config));
    const retried = await run("dead-letters", "retry", "1");
    assertEquals(retried.code, 0);
    assertStringIncludes(retried.stdout, "The route slack is disabled: its deliveries wait until it is not.");
    await Deno.writeTextFile(join(folder, "config.json"), JSON.stringify({ ...config, routes: [] }));
    const replayed = await run("replay", "--dead", "--yes");
    assertEquals(replayed.code, 0);
    assertStringIncludes(
      replayed.stdout,
      "No route is called slack any more: its deliveries wait until config.json has one.",
    );
  }));

Deno.test("replay --dry-run counts and makes nothing, in words and in JSON; nothing that fits ends in 1", () =>
  withLetters({ events: 3, dead: 1 }, async (run) => {
    const counted = await run("replay", "--all", "--dry-run");
    assertEquals([counted.code, counted.stdout], [0, "3 deliveries of 3 events: slack 3\n"]);
    const told = await run("replay", "--dead", "--dry-run", "--json");
    assertEquals([told.code, JSON.parse(told.stdout)], [
      0,
      { replayed: 0, deliveries: 1, events: 1, underway: 0, routes: { slack: 1 } },
    ]);
    const none = await run("replay", "--event", "nope");
    assertEquals([none.code, none.stdout], [1, "Nothing fits.\n"]);
    const noneTold = await run("replay", "--event", "nope", "--json");
    assertEquals([noneTold.code, JSON.parse(noneTold.stdout).replayed], [1, 0]);
    for (
      const [args, says] of [[[], "say which to make again"], [
        ["--field", "a..b"],
        "has an empty segment",
      ]] as const
    ) {
      const refused = await run("replay", "--yes", ...args);
      assertEquals([refused.code, refused.stdout], [1, ""]);
      assertStringIncludes(refused.stderr, says);
    }
    const { code, stdout } = await run("replay", "--event", "evt-0"); // needs no --yes: it is one
    assertEquals(code, 0);
    assertStringIncludes(stdout, "1 to be made again: a running relay begins at once.");
    const again = await run("replay", "--event", "evt-0");
    assertEquals([again.code, again.stdout], [
      1,
      "Nothing fits.\n1 more wait or run already, and are left out.\n",
    ]);
  }));

Deno.test("a store that another program holds ends what writes to it in 2, with what holds it, and nothing is done", () =>
  withLetters({ events: 1, dead: 1 }, async (run, folder) => {
    using holder = new DatabaseSync(join(folder, "relay.db"));
    holder.exec("BEGIN IMMEDIATE");
    for (
      const [command, ...args] of [["replay", "--all", "--yes"], [
        "dead-letters",
        "discard",
        "--all",
        "--yes",
      ]]
    ) {
      const { code, stderr } = await run(command!, ...args);
      assertEquals(code, 2, stderr);
      assertMatch(
        stderr,
        /^Cannot use .*relay\.db: database is locked \(another process holds the database; `fuser`/,
      );
    }
    holder.exec("ROLLBACK");
    assertEquals(JSON.parse((await run("dead-letters", "--json")).stdout).count, 1);
  }));
