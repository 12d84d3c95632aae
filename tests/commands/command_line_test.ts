import { assertArrayIncludes, assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { runCommandLine } from "../../lib/commands/command_line.ts";
import { runCommand } from "./run_command.ts";

/** Every command, as the list of commands names them. */
async function commands(): Promise<string[]> {
  const { stdout } = await runCommand(["--help"]);
  return [...stdout.matchAll(/^ {2}deno task (\S+)/gm)].map(([, name]) => name!);
}

Deno.test("without a command, and with --help, the commands are listed", async () => {
  const [bare, help] = await Promise.all([runCommand([]), runCommand(["--help"])]);
  assertEquals([bare.code, help.code], [1, 0]);
  assertEquals(bare.stdout, help.stdout);
  assertArrayIncludes(await commands(), ["start", "send", "check"]);
  const summaries = [...bare.stdout.matchAll(/^ {2}deno task \S+ +(.*)/gm)].map(([, summary]) => summary!);
  assertEquals(summaries.filter((summary) => !/^[a-z]/.test(summary)), []);
});

Deno.test("every command answers --help and -h, and names its common flags", async () => {
  for (
    const ran of await Promise.all(
      (await commands()).flatMap((name) => [[name, "--help"], [name, "-h"]]).map((args) => runCommand(args)),
    )
  ) {
    assertEquals([ran.code, ran.stderr], [0, ""]);
    assertStringIncludes(ran.stdout, "--config FILE");
  }
});

Deno.test("an unknown command is an error with a suggestion", async () => {
  const { code, stderr } = await runCommand(["strat"]);
  assertEquals(code, 1);
  assertEquals(stderr, 'unknown command "strat": did you mean "start"?\n');
});

Deno.test("a config with mistakes ends a command in 1, with the mistakes and nothing else", async () => {
  const { code, stdout, stderr } = await runCommand(["send", "--config", "/nowhere/config.json"]);
  assertEquals([code, stdout], [1, ""]);
  assertEquals(stderr, "config.json: does not exist in /nowhere\n    `deno task start` makes a first one\n");
});

Deno.test("what comes after -- is no flag", async () => {
  const { code, stderr } = await runCommand(["send", "--", "--help"]);
  assertEquals(code, 1);
  assertStringIncludes(stderr, 'unexpected argument "--help"');
});

Deno.test("a fault of the program's ends in 2, and whoever mends it sees where it is", async () => {
  const said: unknown[][] = [];
  const original = console.error;
  console.error = (...parts) => said.push(parts);
  try {
    const fault = new TypeError("x is not a function");
    const run = () => Promise.reject(fault);
    const command = () => Promise.resolve({ name: "odd", summary: "", help: "", run });
    assertEquals(await runCommandLine({ odd: command }, ["odd"]), 2);
    assertEquals(said, [["deno task odd failed, and the fault is not yours:", fault]]);
  } finally {
    console.error = original;
  }
});

Deno.test({
  name: "what is printed to a full disk fails in one line, and in 2",
  ignore: Deno.build.os !== "linux", // where there is /dev/full
  async fn() {
    const command = `"$1" run --quiet --import-map="$2.imports.json" -A "$2main.ts" send --list > /dev/full`;
    const { code, stderr } = await new Deno.Command("sh", {
      args: ["-c", command, "sh", Deno.execPath(), fromFileUrl(new URL("../../", import.meta.url))],
    }).output();
    assertEquals([code, new TextDecoder().decode(stderr)], [
      2,
      "deno task send failed, for the system refused something: No space left on device (os error 28)\n",
    ]);
  },
});
