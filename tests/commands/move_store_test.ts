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

Deno.test("move-store says where it cannot move to, and keeps the passwords of both URLs to itself", async () => {
  const move = async (from: string, to: string) => {
    const { code, stderr } = await runCommand(["move-store", "--from", from, "--to", to]);
    assertEquals(code, 1);
    return stderr;
  };
  assertEquals(
    await move("relay.db", "sqlite:./elsewhere.db"),
    'Cannot open that store: give "sqlite:FILE", such as "sqlite:./data/relay.db", or ' +
      '"postgres://user:password@host/database"\n',
  );
  const said = await move(
    "postgres://u:first-secret@127.0.0.1:1/db",
    "postgres://u:other-secret@127.0.0.1:1/db",
  );
  assertMatch(said, /^Cannot use PostgreSQL at 127\.0\.0\.1:1 /);
  assertEquals(/secret/.test(said), false);
});

Deno.test("move-store into the store itself is refused, and nobody is told to move that away", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = `${folder}/relay.db`;
    const url = "postgres://u:the-secret@127.0.0.1:1/db";
    for (const [from, to] of [[`sqlite:${file}`, `sqlite:${folder}/./relay.db`], [url, url]] as const) {
      await Deno.writeTextFile(file, "");
      const { code, stderr } = await runCommand(["move-store", "--from", from, "--to", to]);
      assertEquals(code, 1);
      assertMatch(
        stderr,
        /^deno task move-store: --to: that is the store that is to be moved\. Name another/,
      );
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
