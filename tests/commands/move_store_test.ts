import { assertEquals, assertMatch } from "@std/assert";
import { runCommand } from "./run_command.ts";

Deno.test("move-store takes from the environment what its URLs name, and no name of every object's", async () => {
  for (const name of ["NOT_SET_ANYWHERE", "constructor"]) {
    const to = `sqlite:/tmp/\${${name}}.db`;
    const { code, stderr } = await runCommand(["move-store", "--from", "sqlite:/tmp/nowhere.db", "--to", to]);
    assertEquals(code, 1);
    assertMatch(
      stderr,
      new RegExp(`^deno task move-store: --to: the environment variable ${name} is not set`),
    );
  }
});
