import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { inspectConfig } from "../../lib/config/load.ts";
import { runCommand } from "../commands/run_command.ts";
import { until } from "../support/until.ts";
import { makeFreshCopy } from "./fresh_copy.ts";
import { type Block, blocksOf, commandsOf } from "./page.ts";
import { addRoutes, typed } from "./reader.ts";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));

/**
 * The pages whose blocks are run here. What docs/plugins.md and docs/recipes/ show has tests of its own, and what pages
 * name in a sentence or a table is run by `in_passing_test.ts`.
 */
const PAGES = [
  "README.md",
  "SECURITY.md",
  "docs/deploy.md",
  "docs/operate.md",
  "docs/reliability.md",
  "docs/troubleshooting.md",
  "docs/timing.md",
  "docs/scale.md",
];

/** Commands that CI runs anyway, or that take minutes. */
const ELSEWHERE = /^(npx -y deno@2|deno) task (ok|test|bench)\b/;

const read = (page: string) => Deno.readTextFile(join(ROOT, page));
const isRun = ({ note }: Block) => !note.startsWith("not run");

for (const page of PAGES) {
  Deno.test(`every command of ${page} does what it says, in a fresh copy`, async () => {
    const blocks = blocksOf(await read(page)).filter((block) => block.kind === "sh" && isRun(block));
    if (blocks.length === 0) return;
    await using copy = await makeFreshCopy();
    const startsItself = commandsOf(blocks[0]!)[0] === "deno task start";
    if (!startsItself) {
      await addRoutes(copy);
      await copy.start();
      await copy.run("deno task send --count 5"); // something that has happened already
    }
    for (const block of blocks) {
      const stopped = block.note === "needs the relay stopped";
      if (stopped) await copy.stop();
      for (const command of commandsOf(block)) {
        if (ELSEWHERE.test(command)) continue;
        if (command === "deno task start") {
          await copy.start();
          continue;
        }
        const { code, said } = await copy.run(await typed(copy, command));
        assertEquals(code, 0, `${page}: ${command}\n${said}\n${copy.shown()}`);
      }
      if (stopped) await copy.start();
    }
  });
}

Deno.test("every command of docs/recipes/ is accepted, in a fresh copy", async () => {
  const commands = new Set<string>();
  for (const { name } of Deno.readDirSync(join(ROOT, "docs/recipes"))) {
    const blocks = blocksOf(await read(`docs/recipes/${name}`)).filter(({ kind }) => kind === "sh");
    for (const command of blocks.flatMap(commandsOf)) commands.add(command);
  }
  assert(commands.size > 10);
  await using copy = await makeFreshCopy();
  await copy.start();
  for (const command of commands) {
    const { code, said } = await copy.run(command);
    assert(code === 0 && /^accepted /m.test(said), `${command}\n${said}`);
  }
});

Deno.test("the README's first five minutes: the change is shown, and a plugin dropped in is used for the next event", async () => {
  const plugin = blocksOf(await read("README.md")).find(({ kind }) => kind === "ts")!.text;
  await using copy = await makeFreshCopy();
  await copy.start();
  assertMatch(copy.shown(), /This is the first start/);
  assertMatch(copy.shown(), /listening on http:\/\/127\.0\.0\.1:\d+.*every address of this machine/);
  assertMatch((await copy.run("deno task send")).said, /^accepted /m);
  await until("the first terminal shows the change", () => /Joined a category/.test(copy.shown()));
  await Deno.writeTextFile(join(copy.folder, "plugins", "new_links.ts"), plugin);
  await until("the plugin is in force", () => /is in force.*new_links/.test(copy.shown()));
  await copy.run(
    "deno task send --field links.homepage --old '[]' --new '[\"https://a.example\"]' --coin bitcoin",
  );
  await until("the plugin prints", () => /\[ \\?"links\.homepage\\?" \]/.test(copy.shown()));
});

Deno.test("every JSON block of the pages is what config.json takes, and every plugin in them loads", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(join(folder, "plugins"));
    for (const { name } of Deno.readDirSync(join(ROOT, "plugins"))) {
      await Deno.copyFile(join(ROOT, "plugins", name), join(folder, "plugins", name));
    }
    const routes: Record<string, unknown>[] = [];
    const names = new Set<string>();
    for (const page of PAGES) {
      for (const { kind, text } of blocksOf(await read(page))) {
        if (kind === "ts") {
          await Deno.writeTextFile(join(folder, "plugins", `of_page_${names.size}.ts`), text);
        }
        if (kind !== "json") continue;
        const snippet = JSON.parse(text) as Record<string, unknown>;
        if (typeof snippet["plugin"] === "string") routes.push(snippet);
        else await checkWhole(folder, page, snippet);
        for (const [, name] of text.matchAll(/\$\{(\w+)\}/g)) names.add(name!);
      }
    }
    assert(routes.length >= 2 && names.size >= 2);
    const named = routes.map((route, i) => ({ ...route, name: `${route["name"]}-${i}` }));
    const config = { sources: [{ name: "cryptosync", secrets: ["whsec_0123456789abcdef"] }], routes: named };
    await Deno.writeTextFile(join(folder, "config.json"), JSON.stringify(config));
    const { code, said } = await check(
      folder,
      Object.fromEntries([...names].map((name) => [name, valueOf(name)])),
    );
    assertEquals(code, 0, said);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

async function checkWhole(folder: string, page: string, snippet: Record<string, unknown>): Promise<void> {
  const file = join(folder, "snippet.json");
  await Deno.writeTextFile(file, JSON.stringify(snippet));
  const environment = Object.fromEntries(
    [...JSON.stringify(snippet).matchAll(/\$\{(\w+)\}/g)].map(([, name]) => [name!, valueOf(name!)]),
  );
  assertEquals(
    inspectConfig(file, environment).mistakes,
    [],
    `${page}:\n${JSON.stringify(snippet, null, 2)}`,
  );
}

/** A value that fits a variable's name. */
function valueOf(name: string): string {
  if (/SMTP/.test(name)) return "smtp://user:pass@mail.example:587";
  if (/URL$/.test(name)) return "https://hooks.slack.com/services/T0/B0/x";
  return `whsec_of_${name.toLowerCase()}_0123456789`;
}

async function check(folder: string, env: Record<string, string>) {
  const { code, stdout, stderr } = await runCommand(["check", "--config", join(folder, "config.json")], env);
  return { code, said: stdout + stderr };
}

Deno.test("every link of a page leads to a file, and to a heading, that is there", async () => {
  const pages = [
    ...PAGES,
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "docs/plugins.md",
  ];
  for (const page of pages) {
    const text = await read(page).catch(() => "");
    for (const [, target] of text.matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)) {
      const [path = "", anchor] = target!.split("#");
      const file = path === "" ? join(ROOT, page) : join(ROOT, page, "..", path);
      const found = await Deno.stat(file).then(
        ({ isFile }) => isFile ? Deno.readTextFile(file) : "",
        () => null,
      );
      assert(found !== null, `${page} links to ${target}`);
      if (anchor === undefined) continue;
      const anchors = [...found.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchorOf(heading!));
      assert(anchors.includes(anchor), `${page} links to ${target}; there are ${anchors}`);
    }
  }
});

/** As GitHub makes it. */
const anchorOf = (heading: string) =>
  heading.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, "").trim().replaceAll(" ", "-");
