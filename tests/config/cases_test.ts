/**
 * Runs `cases/*.txt`: a config above, then where it matters `---- environment` and `---- .env`, then after
 * `---- mistakes` what `deno task check` must say, to the letter; nothing there means that the config is right.
 *
 * `deno run -A … tests/config/cases_test.ts --write` writes what is said now, to be read with care before it is kept.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { parse } from "@std/dotenv";
import { fromFileUrl, join } from "@std/path";
import { loadConfig } from "../../lib/config/load.ts";
import { ConfigError } from "../../lib/config/mistake.ts";

const CASES = fromFileUrl(new URL("./cases/", import.meta.url));

interface Case {
  /** All above `---- mistakes`. */
  given: string;
  mistakes: string;
}

function readCase(name: string): Case {
  const [given = "", mistakes = ""] = Deno.readTextFileSync(join(CASES, name)).split("---- mistakes\n");
  return { given, mistakes: mistakes.trimEnd() };
}

/** What is said of a case: its config in a folder of its own, with a plugins folder beside it. */
function mistakesOf({ given }: Case): string {
  const folder = Deno.makeTempDirSync();
  try {
    const [config = "", ...rest] = given.split(/^---- (?=environment\n|\.env\n)/m);
    const section = (name: string) => rest.find((one) => one.startsWith(`${name}\n`))?.slice(name.length + 1);
    Deno.writeTextFileSync(join(folder, "config.json"), config);
    Deno.mkdirSync(join(folder, "plugins"));
    const dotenv = section(".env");
    if (dotenv !== undefined) Deno.writeTextFileSync(join(folder, ".env"), dotenv);
    loadConfig(join(folder, "config.json"), parse(section("environment") ?? ""));
    return "";
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

const names = [...Deno.readDirSync(CASES)].map(({ name }) => name).sort();

if (Deno.args.includes("--write")) {
  for (const name of names) {
    const one = readCase(name);
    const said = mistakesOf(one);
    Deno.writeTextFileSync(join(CASES, name), `${one.given}---- mistakes\n${said === "" ? "" : `${said}\n`}`);
  }
} else {
  for (const name of names) {
    Deno.test(`config case ${name.replace(/\.txt$/, "").replaceAll("_", " ")}`, () => {
      const one = readCase(name);
      const said = mistakesOf(one);
      assertEquals(said, one.mistakes);
      assert(!said.includes("hunter2"), "a secret is repeated");
    });
  }
}
