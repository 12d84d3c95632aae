/** What pages name in a sentence or a table, as code, is run as well; what cannot be is listed here, with why. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { makeFreshCopy } from "./fresh_copy.ts";
import { commandsInPassing } from "./page.ts";
import { addRoutes, dashboardOf, typed } from "./reader.ts";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));
const read = (page: string) => Deno.readTextFile(join(ROOT, page));

const PAGES = [
  ...["README.md", "SECURITY.md", "CONTRIBUTING.md", "ARCHITECTURE.md"],
  ...["docs", "docs/recipes"].flatMap((folder) =>
    [...Deno.readDirSync(join(ROOT, folder))].filter(({ name }) => name.endsWith(".md"))
      .map(({ name }) => `${folder}/${name}`)
  ),
];

/** How a command of a page is typed where the page leaves something to its reader, and what it then says. */
interface Run {
  /** After `deno task`; else as the page has it. */
  as?: string;
  says?: RegExp;
  /** The file that it makes, which is removed before. */
  makes?: string;
  /** Else 0. */
  code?: number;
}

/** In this order. */
const RUN: Record<string, Run> = {
  "deno task start --show-permissions": { says: /^--allow-write=.*\/data$/m },
  "deno task imports": { makes: ".imports.json" },
  "deno task send": { says: /^accepted /m },
  "--field F --old A --new B": { as: "send --field name --old A --new B", says: /^accepted /m },
  "deno task check": { says: /^right /m },
  "deno task doctor": { says: /^Nothing is wrong/m },
  // The copy has no name with a certificate; tests/doctor/public_url_test.ts asks one that has.
  "deno task doctor --url https://YOUR.NAME/webhook": {
    as: "doctor --url PUBLIC",
    says: /^public URL +WRONG .* is not https/m,
    code: 1,
  },
  "deno task new NAME": { as: "new of_my_own", says: /^Written: plugins\/of_my_own\.ts and .*_test\.ts/m },
  "deno task try NAME": { as: "try of_my_own", says: /a dry run, nothing is sent/ },
  "deno task try ROUTE": { says: /^route log-everything, .* nothing is sent/m },
  "--last 1000": { as: "try ROUTE --last 1000", says: /^\d+ events in /m },
  "--event ID": { as: "try ROUTE --event ID", says: /^1 event in .*1 taken/m },
  "--sample NAME": { as: "try ROUTE --sample renamed", says: /^✓ renamed: /m },
  "--file FILE": { as: "try ROUTE --file body.json", says: /^1 event in .*1 taken/m },
  "--options '{…}'": { as: "try log --options '{}' --sample renamed", says: /^✓ renamed: /m },
  "--last 100 --diff sent": {
    as: "try ROUTE --last 100 --diff sent",
    says: /would be sent otherwise than then/,
  },
  "--last 100 --diff previous": {
    as: "try ROUTE --last 100 --diff previous",
    says: /^deno task try: --diff previous: no version of log before this one is known/m,
    code: 1,
  },
  "--diff FILE": { as: "try ROUTE --diff plugins/log.ts", says: /otherwise than by the other version/ },
  "--sample NAME --live": { as: "try ROUTE --sample renamed --live", says: /^✓ renamed: /m },
  "deno task dead-letters": { says: /^\d+ dead letters: slack \d+$/m },
  "deno task dead-letters retry --all": { says: /^\d+ due now: a running relay begins at once/m },
  "deno task dead-letters discard --waiting --route NAME": { as: "dead-letters discard --waiting --all" },
  "--waiting": {
    as: "dead-letters list --waiting",
    says: /^Nothing waits for a route that is not in force\.$/m,
  },
  "deno task replay": { as: "replay --all", says: /^\d+ to be made again: a running relay begins at once/m },
  "deno task backup FILE": { as: "backup ./in-passing.db", makes: "in-passing.db" },
  "deno task fetch": {},
  "deno task reference": { makes: "docs/plugin_reference.md" },
  "deno task fuzz --inputs 100000": { as: "fuzz --inputs 200", says: /^No harm done\.$/m },
  "deno task torture --kills 520 --events 25000": {
    as: "torture --kills 2 --events 60",
    says: /^Every promise held\.$/m,
  },
  "deno task backlog --deliveries 1000000": { as: "backlog --deliveries 300", says: /^faults +\[\]$/m },
  "deno task edits --edits 1000": { as: "edits --edits 3 --rest 0", says: /^faults +\[\]$/m },
  "deno task test tests/route": { says: /^\d+ passed, 0 failed$/m },
  "deno run --import-map=.imports.json -A tests/fixtures/make_store.ts": {
    makes: "tests/fixtures/store-0.1.0.db",
  },
};

/** With the relay stopped. */
const AFTERWARDS: Record<string, Run> = {
  "deno task move-store": { as: "move-store --to sqlite:./data/moved.db", makes: "data/moved.db" },
};

const FORM = "says how commands are written";
const DOCKER = "needs Docker";
const SYSTEMD = "needs a server with systemd";
const SUITE = "is of the suite, which runs it; the next test sees that it is there";

const NOT_RUN: Record<string, string> = {
  "deno task …": FORM,
  "npx -y deno@2 task …": FORM,
  "deno task X": FORM,
  "sudo coinrelay X": FORM,
  "deno task COMMAND": FORM,
  "coinrelay COMMAND": FORM,
  "deno task start": "each copy is started with it",
  "deno task backup": "is short for `deno task backup FILE`",
  "deno task doctor --url": "is short for `deno task doctor --url https://YOUR.NAME/webhook`",
  "deno task doctor --url …": "is short for `deno task doctor --url https://YOUR.NAME/webhook`",
  "--url https://YOUR.NAME/webhook": "is short for `deno task doctor --url https://YOUR.NAME/webhook`",
  "--help": "the last test asks each command for it",
  "--allow-read": "is an option of Deno's",
  "--lite-mode": "is an option of V8's, which was tried and is not used",
  "--max-lazy": "is an option of V8's, which was tried and is not used",
  "--no-config": "is an option of Deno's, which was tried and is not used",
  "--optimize-for-size": "is an option of V8's, which was tried and is not used",
  "deno task ok": "is what runs this, in CI",
  "npx -y deno@2 task ok": "is what runs this, in CI",
  "deno task docs:test": "is what runs this",
  "deno task audit": "asks the npm registry; CI runs it",
  'deno task test tests/faults --filter "any moment"': SUITE,
  'deno task test tests/faults --filter "folded"': SUITE,
  "deno task torture --kills 150 --events 6000 --seed 8 --store postgres://…": "needs PostgreSQL",
  "deno run -A --import-map=.imports.json tests/cluster/throughput.ts 2000 0.3": "needs PostgreSQL",
  "CLUSTER_EVENTS=20000 CLUSTER_KILLS=60 deno task test tests/cluster/relays_killed_test.ts": SUITE,
  "MOVE_EVENTS=1000000 deno task test tests/cluster/move_killed_test.ts": SUITE,
  "systemctl status coinrelay": SYSTEMD,
  "systemctl restart coinrelay": SYSTEMD,
  "systemctl edit coinrelay": SYSTEMD,
  "systemd-analyze security": SYSTEMD,
  "systemd-analyze verify": SYSTEMD,
  "journalctl -u coinrelay": SYSTEMD,
  "sudo deno task imports": SYSTEMD,
  "docker compose exec relay deno task X --config /etc/coinrelay/config.json": FORM,
  "docker compose cp": DOCKER,
  "docker compose up -d --build": DOCKER,
  "git pull": "needs a newer version",
  "ssh -L 8081:127.0.0.1:8081 YOUR.NAME": "needs a server",
  "iostat -x 5": "is of another program, and does not end by itself",
};

Deno.test("every command that a page names in passing is run below, or listed with why it is not; and none else", async () => {
  const named = new Set((await Promise.all(PAGES.map(read))).flatMap(commandsInPassing));
  const known = [RUN, AFTERWARDS, NOT_RUN].flatMap((commands) => Object.keys(commands));
  assertEquals([...named].sort(), known.sort());
});

Deno.test("every test that a page names in passing is there", async () => {
  for (const command of Object.keys(NOT_RUN)) {
    const [, path, , filter] = / (tests\/\S+)( --filter "(.*)")?/.exec(command) ?? [];
    if (path === undefined) continue;
    const { isFile } = await Deno.stat(join(ROOT, path));
    const files = isFile
      ? [path]
      : [...Deno.readDirSync(join(ROOT, path))].map(({ name }) => `${path}/${name}`);
    const texts = await Promise.all(files.map(read));
    if (filter !== undefined) assert(texts.some((text) => text.includes(filter)), command);
  }
});

Deno.test("every command that a page names in passing does what it says, in a fresh copy", async () => {
  await using copy = await makeFreshCopy();
  await addRoutes(copy);
  await copy.start();
  await copy.run("deno task send --count 5"); // something that has happened already
  await Deno.writeTextFile(
    join(copy.folder, "body.json"),
    JSON.stringify({
      event_type: "cg.coin.info.updated",
      data: { id: "a", changes: [{ field: "name", change_type: "update", old_value: "A", new_value: "B" }] },
    }),
  );
  const { server: { port } } = JSON.parse(await Deno.readTextFile(join(copy.folder, "config.json")));
  const run = async (commands: Record<string, Run>) => {
    for (const [command, { as, says = /./, makes, code = 0 }] of Object.entries(commands)) {
      const line = (as === undefined ? command : `deno task ${as}`)
        .replace("PUBLIC", `http://127.0.0.1:${port}/webhook`);
      const made = makes === undefined ? null : join(copy.folder, makes);
      if (made !== null) await Deno.remove(made).catch(() => {});
      const ran = await copy.run(await typed(copy, line));
      assertEquals(ran.code, code, `${line}\n${ran.said}\n${copy.shown()}`);
      assertMatch(ran.said, says, line);
      if (made !== null) assert((await Deno.stat(made)).size > 0, line);
    }
  };
  await run(RUN);
  assertMatch(await (await fetch(`${dashboardOf(copy)}/api/dead-letters`)).text(), /the receiver is gone/);
  await copy.stop();
  await run(AFTERWARDS);
});

Deno.test("every task of deno.json answers --help and does nothing; README's table has none but those", async () => {
  const table = [...(await read("README.md")).matchAll(/^\| `deno task ([\w-]+)/gm)].map(([, name]) => name!);
  const { tasks } = JSON.parse(await read("deno.json")) as { tasks: Record<string, unknown> };
  assertEquals(table.filter((name) => !Object.hasOwn(tasks, name)), []);
  assert(table.length > 10);
  await using copy = await makeFreshCopy();
  await copy.run("deno task imports");
  const changes = async () =>
    await Promise.all(
      ["config.schema.json", "docs/plugin_reference.md", "docs/images/live.png", ".imports.json"].map(async (
        file,
      ) => (await Deno.stat(join(copy.folder, file))).mtime?.getTime()),
    );
  const before = await changes();
  for (const name of Object.keys(tasks)) {
    const { code, said } = await copy.run(`deno task ${name} --help`);
    assertEquals(code, 0, said);
    // That one is Deno's own, and docs:test the task before it with other files.
    const answers = { audit: "deno audit", "docs:test": "deno task test" }[name] ?? `deno task ${name}`;
    assertMatch(said, new RegExp(`(^|Usage:) *${answers}\\b`, "m"), name);
  }
  assertEquals(await changes(), before);
});
