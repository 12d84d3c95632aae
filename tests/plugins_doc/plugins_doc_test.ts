/** docs/plugins.md does what it says: its plugins and routes are checked, tried and tested as they stand there. */
import { assert, assertEquals } from "@std/assert";
import { dirname, join } from "@std/path";
import { runCommand } from "../commands/run_command.ts";
import { inFolder } from "../config/folder.ts";
import { ROOT } from "../sandbox/support.ts";
import { makeReference, REFERENCE } from "./reference.ts";

const PAGE = join(ROOT, "docs/plugins.md");

/** The fenced blocks of a page, in order. */
function blocksOf(markdown: string): { kind: string; text: string }[] {
  return [...markdown.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, kind, text]) => ({
    kind: kind!,
    text: text!,
  }));
}

const ENVIRONMENT = {
  EXCHANGE_TOKEN: "token-of-the-exchange",
  SLACK_WEBHOOK_URL: "https://hooks.slack.com/services/T0/B0/x",
  NO_COLOR: "1",
};

/** What differs from run to run. */
const fixed = (text: string) => text.replace(/in \d+ ms/g, "in 9 ms").trim();

Deno.test("the page's plugins pass check with its routes, say what it says, and its test passes", async () => {
  const markdown = await Deno.readTextFile(PAGE);
  const blocks = blocksOf(markdown);
  const files = blocks.filter(({ kind }) => kind === "ts").map(({ text }) => {
    const [, path] = /^\/\/ (plugins\/[\w./]+\.ts)\n/.exec(text) ?? [];
    assert(path, `begins with the name of its file:\n${text}`);
    return [path, text] as const;
  });
  const routes = blocks.filter(({ kind }) => kind === "json").map(({ text }) => JSON.parse(text));
  const tries = blocks.flatMap(({ kind, text }, i) => {
    const [, args] = kind === "sh" ? /^deno task try (.*)\n$/.exec(text) ?? [] : [];
    return args === undefined ? [] : [{ args: args.split(" "), shows: blocks[i + 1]! }];
  });
  assert(files.length > 8 && routes.length > 4 && tries.length > 4);

  const config = { sources: [{ name: "a", secrets: ["whsec_of_the_source"] }], routes };
  await inFolder({ "config.json": config }, async (folder) => {
    for (const name of ["slack.ts", "log.ts"]) {
      await Deno.copyFile(join(ROOT, "plugins", name), join(folder, "plugins", name));
    }
    for (const [path, text] of files) {
      await Deno.mkdir(join(folder, dirname(path)), { recursive: true });
      await Deno.writeTextFile(join(folder, path), text);
    }
    const inConfig = ["--config", join(folder, "config.json")];
    const checked = await runCommand(["check", ...inConfig], ENVIRONMENT);
    assertEquals([checked.code, checked.stderr], [0, ""]);
    for (const path of files.map(([path]) => path).filter((path) => !/_test\.ts|\/_/.test(path))) {
      const plugin = /^plugins\/(\w+)/.exec(path)![1]!;
      assert(
        new RegExp(`^  ${plugin}\\b`, "m").test(checked.stdout),
        `${plugin} is used:\n${checked.stdout}`,
      );
    }

    let text = markdown;
    for (const { args, shows } of tries) {
      const { stdout, stderr } = await runCommand(["try", ...args, ...inConfig], ENVIRONMENT);
      assertEquals(stderr, "");
      text = text.replace(`\`\`\`text\n${shows.text}\`\`\``, `\`\`\`text\n${fixed(stdout)}\n\`\`\``);
    }
    if (Deno.args.includes("--write")) await Deno.writeTextFile(PAGE, text);
    else assertEquals(text, markdown, "deno test … -- --write writes what they say now");

    const tests = files.map(([path]) => path).filter((path) => path.endsWith("_test.ts"));
    const args = [
      "test",
      "--quiet",
      "--no-config",
      "--no-lock",
      `--import-map=${join(ROOT, ".imports.json")}`,
    ];
    const tested = await new Deno.Command(Deno.execPath(), {
      args: [...args, "-A", ...tests.map((path) => join(folder, path))],
      env: ENVIRONMENT,
    }).output();
    assert(tested.success, new TextDecoder().decode(tested.stdout));
  });
});

Deno.test("the reference says what the docstrings say (otherwise: deno task reference)", async () => {
  assertEquals(await Deno.readTextFile(REFERENCE), await makeReference());
});
