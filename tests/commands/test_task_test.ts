import { assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));

/** What `deno task test FILE` ends in, for a file with this text. */
async function lastLine(
  text: string,
  env: Record<string, string> = {},
): Promise<[code: number, line: string]> {
  const folder = await Deno.makeTempDir();
  try {
    const file = join(folder, "x_test.ts");
    await Deno.writeTextFile(file, text);
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", `--import-map=${ROOT}.imports.json`, "-A", `${ROOT}tests/run.ts`, file],
      env,
      stderr: "null",
    }).output();
    return [code, new TextDecoder().decode(stdout).trimEnd().split("\n").at(-1)!];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("the test task ends in the count, plain, and keeps the exit code", async () => {
  const passing = 'Deno.test("a", () => {});\n';
  const ends = await Promise.all([
    lastLine(passing, { FORCE_COLOR: "1" }),
    lastLine(`${passing}Deno.test.ignore("b", () => {});`),
    lastLine(
      `${passing}Deno.test("c", () => { console.log("ok | 9 passed | 0 failed"); throw new Error("no"); });`,
    ),
    lastLine("const x: number = 'no';"),
    lastLine("throw new Error('no');"),
  ]);
  assertEquals(ends, [
    [0, "1 passed, 0 failed"],
    [0, "1 passed, 0 failed, 1 skipped"],
    [1, "1 passed, 1 failed"],
    [1, "0 passed, 1 failed"],
    [1, "0 passed, 1 failed"],
  ]);
});

Deno.test("the task of CI tells what it runs when it is asked, and runs nothing it was not asked for", async () => {
  const ok = async (...args: string[]) => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", `--import-map=${ROOT}.imports.json`, "-A", `${ROOT}tests/ok.ts`, ...args],
    }).output();
    const [said, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).split("\n")[0]);
    return [code, said, errors];
  };
  assertEquals(await ok("--help"), [0, "deno task ok", ""]);
  assertEquals(await ok("-h"), [0, "deno task ok", ""]);
  assertEquals(await ok("--hlep"), [1, "", 'deno task ok: unexpected argument "--hlep"']);
});

Deno.test("the bench refuses what it does not know in words, before it measures anything", async () => {
  const bench = async (...args: string[]) => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", `--import-map=${ROOT}.imports.json`, "-A", `${ROOT}bench/run.ts`, ...args],
    }).output();
    const [said, error] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).split("\n")[0]);
    return [code, said, error];
  };
  const refused = (why: string) => [1, "", `deno task bench: ${why}`];
  assertEquals(await bench("--shrot"), refused("Unknown option '--shrot'"));
  assertEquals(
    await bench("--only", "acks"),
    refused("--only: there is no acks; there are ack, growth, action, plugin, start"),
  );
  assertEquals(
    await bench("--only", "growth", "--short"),
    refused("--short leaves growth out: take one of --only growth and --short"),
  );
  assertEquals((await bench("-h"))[0], 0);
});
