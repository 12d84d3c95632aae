/** Commands of a user who is not the one that the relay runs as: another's shell, at night. */
import { assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import { join } from "@std/path";
import { openStore } from "../../lib/store/open.ts";
import { inFolder } from "../config/folder.ts";
import { ORDINARY } from "../support/ordinary_rights.ts";
import { runCommand } from "./run_command.ts";

const CONFIG = {
  "config.json": {
    store: "sqlite:./data/relay.db",
    sources: [{ name: "a", secrets: ["whsec_of_the_source"] }],
  },
};

/** A folder with a store, whose modes `change` sets; gives it back whatever came of `use`. */
function withModes(
  change: (path: (...names: string[]) => string) => void,
  use: (run: (...args: string[]) => Promise<string>, folder: string) => Promise<void>,
): Promise<void> {
  return inFolder(CONFIG, async (folder) => {
    const path = (...names: string[]) => join(folder, ...names);
    await Deno.mkdir(path("plugins"), { recursive: true });
    await (await openStore("sqlite:./data/relay.db", folder)).close();
    await Deno.writeTextFile(path(".env"), "A=b\n");
    change(path);
    try {
      await use(async (...args) => {
        const { code, stdout, stderr } = await runCommand(
          [...args, "--config", path("config.json")],
          {},
          ORDINARY!,
        );
        assertEquals(code, 1, `${args.join(" ")}: ${stderr}`);
        assertNotMatch(stderr, /fault is not yours|\n {4}at /, args.join(" "));
        return stdout + stderr;
      }, folder);
    } finally {
      for (const name of ["data", "plugins", ".env"]) await Deno.chmod(path(name), 0o700);
    }
  });
}

Deno.test({
  name: "who may not look into the store's folder is told that, not that there is no store",
  ignore: ORDINARY === null,
  fn: () =>
    withModes((path) => Deno.chmodSync(path("data"), 0), async (run, folder) => {
      const cannot = new RegExp(
        `Cannot look at ${join(folder, "data", "relay.db")}: this user may not. Run this as`,
      );
      for (
        const args of [
          ["dead-letters"],
          ["replay", "--all", "--yes"],
          ["backup", join(folder, "copy.db")],
          ["try", "x", "--last", "1"],
          ["move-store", "--to", `sqlite:${join(folder, "moved.db")}`],
          ["doctor"],
        ]
      ) assertMatch(await run(...args), cannot, args.join(" "));
      assertMatch(
        await run("start"),
        /Cannot open .*relay\.db: .*Make its folder writable for the relay's user/,
      );
    }),
});

Deno.test({
  name: "who may read the store and not write there is told so",
  ignore: ORDINARY === null,
  fn: () =>
    withModes((path) => {
      for (const name of ["relay.db", "relay.db.lock"]) Deno.chmodSync(path("data", name), 0o400);
      Deno.chmodSync(path("data"), 0o500);
    }, async (run, folder) => {
      const other = `sqlite:${join(folder, "other.db")}`;
      await (await openStore(other, folder)).close();
      const inData = (name: string) => join(folder, "data", name);
      for (
        const [file, args] of [
          [inData("relay.db"), ["start"]],
          [inData("relay.db"), ["move-store", "--to", `sqlite:${join(folder, "moved.db")}`]],
          [inData("moved.db"), ["move-store", `--from=${other}`, `--to=sqlite:${inData("moved.db")}`]],
        ] as const
      ) {
        assertMatch(
          await run(...args),
          new RegExp(`Cannot open ${file}: Permission denied.*Make its folder writable`),
        );
      }
      assertMatch(
        await run("dead-letters"),
        /the file or its folder cannot be written; is this the relay's user/,
      );
    }),
});

Deno.test({
  name: "a plugins folder that may not be read is told as that, not as one without plugins",
  ignore: ORDINARY === null,
  fn: () =>
    withModes((path) => Deno.chmodSync(path("plugins"), 0), async (run) => {
      assertMatch(
        await run("check"),
        /^config\.json: pluginsDir: cannot be read: Permission denied .*\n {4}let this user read the folder/,
      );
      assertMatch(
        await run("doctor"),
        /plugins +WRONG +they cannot be loaded: Permission denied .*\n +→ see that .* can be read/,
      );
    }),
});

Deno.test({
  name: "a .env that may not be read is told in words, whatever the command",
  ignore: ORDINARY === null,
  fn: () =>
    withModes((path) => Deno.chmodSync(path(".env"), 0), async (run) => {
      for (
        const args of [
          ...[["start"], ["send"], ["check"], ["doctor"], ["try", "x"], ["replay", "--all"], [
            "dead-letters",
          ]],
          ["backup", "/tmp/none/copy.db"],
          ["move-store", "--from", "sqlite:/tmp/none/a.db", "--to", "sqlite:/tmp/none/b.db"],
        ]
      ) assertMatch(await run(...args), /config\.json: \.env beside it cannot be read: Permission denied/);
    }),
});

Deno.test({
  name: "a plugin that this user may not read is told as that",
  ignore: ORDINARY === null,
  fn: () =>
    withModes((path) => {
      Deno.writeTextFileSync(path("plugins", "mine.ts"), "export default { fields: ['*'], run() {} };");
      Deno.chmodSync(path("plugins", "mine.ts"), 0);
    }, async (run) => {
      assertMatch(await run("check"), /mine.*may not be read by the user that the relay runs as/);
    }),
});
