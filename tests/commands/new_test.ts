import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { inFolder } from "../config/folder.ts";
import { runCommand } from "./run_command.ts";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));
const CONFIG = { "config.json": { sources: [{ name: "a", secrets: ["whsec_1"] }] } };

const create = (folder: string, ...args: string[]) =>
  runCommand(["new", "--config", join(folder, "config.json"), ...args]);

async function deno(...args: string[]): Promise<[code: number, said: string]> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  return [code, new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr)];
}

Deno.test("new writes a plugin of each kind, formatted, right in its types, with a test that passes at once", () =>
  inFolder(CONFIG, async (folder) => {
    const made = await Promise.all([
      create(folder, "plain"),
      create(folder, "said", "--kind", "message", "--fields", "public_notices, platforms.*,!platforms.xdai"),
      create(folder, "called", "--kind", "http", "--fields", "*"),
      create(folder, "looked-at.ts", "--kind=check"),
    ]);
    for (const { code, stderr } of made) assertEquals([code, stderr], [0, ""]);
    const names = ["called", "looked-at", "plain", "said"].flatMap((
      name,
    ) => [`${name}.ts`, `${name}_test.ts`]);
    const folderOf = join(folder, "plugins");
    assertEquals([...Deno.readDirSync(folderOf)].map(({ name }) => name).sort(), names);
    const [tested, said] = await deno("test", "--import-map=.imports.json", "-A", folderOf);
    assertEquals(tested, 0, said);
    assertMatch(said, /ok \| 4 passed \| 0 failed/);
    const [formatted, difference] = await deno("fmt", "--check", "--line-width=110", folderOf);
    assertEquals(formatted, 0, difference);
    const [linted, complaints] = await deno("lint", folderOf);
    assertEquals(linted, 0, complaints);
  }));

Deno.test("check finds nothing wrong with new plugins, and a kind that needs options says the route to add", () =>
  inFolder(CONFIG, async (folder) => {
    assertStringIncludes((await create(folder, "said")).stdout, "a running relay uses it from now on");
    const { stdout } = await create(folder, "called", "--kind", "http");
    const route = JSON.parse(/^ {2}(\{.*\})$/m.exec(stdout)![1]!);
    const config = { ...CONFIG["config.json"], routes: [route] };
    await Deno.writeTextFile(join(folder, "config.json"), JSON.stringify(config));
    const checked = await runCommand(["check", "--config", join(folder, "config.json")]);
    assertEquals([checked.code, checked.stderr], [0, ""]);
    assertMatch(checked.stdout, /\n {2}said +said +nothing/);
    assertMatch(checked.stdout, /\n {2}called +called +example\.com:443/);
  }));

Deno.test("new touches no file that is there, not even one of the two, unless it is forced to", () =>
  inFolder(CONFIG, async (folder) => {
    const mine = join(folder, "plugins", "mine_test.ts");
    await Deno.writeTextFile(mine, "// mine");
    const refused = await create(folder, "mine");
    assertEquals([refused.code, refused.stdout], [1, ""]);
    assertStringIncludes(refused.stderr, `${mine} is there already`);
    assertEquals([...Deno.readDirSync(join(folder, "plugins"))].length, 1);
    assertEquals(await Deno.readTextFile(mine), "// mine");
    assertEquals((await create(folder, "mine", "--force")).code, 0);
    assert((await Deno.readTextFile(mine)).includes("runPlugin"));
  }));

Deno.test("new says so where this user may not write, and what to do", () =>
  inFolder(
    { "config.json": { ...CONFIG["config.json"], pluginsDir: "/sys" } }, // where not even root may
    async (folder) => {
      assertEquals(await create(folder, "mine"), {
        code: 1,
        stdout: "",
        stderr: "Cannot write /sys/mine.ts: this user may not. " +
          "Write the plugin in a copy of the project, then `sudo cp` it there.\n",
      });
    },
  ));

Deno.test("new says what else hinders it, and leaves nothing half-made", () =>
  inFolder(CONFIG, async (folder) => {
    const left = () => [...Deno.readDirSync(join(folder, "plugins"))].map(({ name }) => name);
    const long = "a".repeat(250); // with .ts a name that files may have, with _test.ts none
    for (const name of [long, `${long}aaaaa`]) {
      const { code, stdout, stderr } = await create(folder, name);
      assertEquals([code, stdout, left()], [1, "", []], stderr);
      assertMatch(
        stderr,
        /^Cannot write \/.*a\.ts: File name too long.*\. Mend that, or write the plugin in a copy/,
      );
    }
    const full = await runCommand(
      ["new", "mine", "--kind", "http", "--config", join(folder, "config.json")],
      {},
      ["sh", "-c", 'trap "" XFSZ; ulimit -f 0; exec "$@"', "sh"], // no file may grow, as on a full disk
    );
    assert(full.code !== 0);
    assertEquals([full.stdout, left()], ["", []], full.stderr);
    await Deno.mkdir(join(folder, "plugins", "mine_test.ts"));
    await Deno.writeTextFile(join(folder, "plugins", "mine.ts"), "// mine");
    assertEquals((await create(folder, "mine", "--force")).code, 1);
    assertEquals(left().sort(), ["mine.ts", "mine_test.ts"], "what was there is not taken away");
    await Deno.writeTextFile(join(folder, "file"), "");
    await Deno.writeTextFile(
      join(folder, "config.json"),
      JSON.stringify({ ...CONFIG["config.json"], pluginsDir: "./file/plugins" }),
    );
    const { code, stderr } = await create(folder, "mine");
    assertEquals(code, 1);
    assertMatch(stderr, /^Cannot write .*\/file\/plugins\/mine\.ts: Not a directory/);
  }));

Deno.test("new tells machines what it wrote, and writes nothing where a config with mistakes hides which folder it names", () =>
  inFolder(CONFIG, async (folder) => {
    const { code, stdout } = await create(folder, "mine", "--json");
    assertEquals(code, 0);
    assertEquals(JSON.parse(stdout), {
      files: ["mine.ts", "mine_test.ts"].map((name) => join(folder, "plugins", name)),
    });
    for (const [text, says] of [["{", "line 1, column 2"], ['{"pluginsDir": 5}', "pluginsDir"]] as const) {
      await Deno.writeTextFile(join(folder, "config.json"), text);
      const refused = await create(folder, "elsewhere");
      assertEquals([refused.code, refused.stdout], [1, ""]);
      assertStringIncludes(refused.stderr, `config.json: ${says}`);
    }
  }));

Deno.test("new refuses what is no name, no field pattern or no kind, and writes nothing", () =>
  inFolder(CONFIG, async (folder) => {
    const wrong: [string[], string][] = [
      [[], "needs a name"],
      [["../x"], "NAME begins with a letter"],
      [["_x"], "NAME begins with a letter"],
      [["x.y"], "NAME begins with a letter"],
      [["x y"], "NAME begins with a letter"],
      [["x_test"], "does not end in _test"],
      [["X_TEST.ts"], "does not end in _test"],
      [["x", "y"], 'unexpected argument "y"'],
      [["x", "--fields", "a..b"], '--fields: "a..b" has an empty segment'],
      [["x", "--fields", ""], "--fields takes field patterns"],
      [["x", "--kind", "mesage"], 'did you mean "message"?'],
    ];
    const said = await Promise.all(wrong.map(([args]) => create(folder, ...args)));
    for (const [i, [, message]] of wrong.entries()) {
      assertEquals([said[i]!.code, said[i]!.stdout], [1, ""], message);
      assertStringIncludes(said[i]!.stderr, message);
    }
    assertEquals([...Deno.readDirSync(join(folder, "plugins"))], []);
  }));
