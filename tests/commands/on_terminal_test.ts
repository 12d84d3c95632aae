/** Commands on a terminal, where they ask; `script` makes one. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { openStore } from "../../lib/store/open.ts";
import { inFolder } from "../config/folder.ts";
import { LAUNCHER } from "../support/launcher.ts";
import { until } from "../support/until.ts";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));
const CONFIG = {
  "config.json": { store: "sqlite:./relay.db", sources: [{ name: "a", secrets: ["whsec_of_the_source"] }] },
};
const CTRL_C = "\x03";
const CTRL_D = "\x04";

/** Whether there is util-linux's `script`, which takes a command. */
const canAsk = (() => {
  try {
    return new Deno.Command("script", { args: ["-qec", "true", "/dev/null"], stdout: "null" }).outputSync()
      .success;
  } catch {
    return false;
  }
})();

const MAIN = ["run", "--quiet", `--import-map=${ROOT}.imports.json`, "-A", `${ROOT}main.ts`];

/** Starts a command on a terminal of its own, which goes when the process that is answered is killed. */
function onNewTerminal(args: readonly string[], program: readonly string[]): Deno.ChildProcess {
  const words = [Deno.execPath(), ...program, ...args].map((word) => `'${word}'`).join(" ");
  return new Deno.Command("script", {
    args: ["-qec", `exec ${words}`, "/dev/null"], // a shell that stays beside it would end of Ctrl+C itself
    stdin: "piped",
    stdout: "piped",
    env: { NO_COLOR: "1" },
  }).spawn();
}

/**
 * Runs a command on a terminal, and types each answer once its question is there; answers its code and what was shown.
 *
 * @param program Deno's arguments before the command's.
 */
async function onTerminal(
  args: readonly string[],
  typed: readonly (readonly [question: string, answer: string])[],
  program: readonly string[] = MAIN,
): Promise<{ code: number; shown: string }> {
  const child = onNewTerminal(args, program);
  let shown = "";
  const reading = (async () => {
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) shown += text;
  })();
  const keys = child.stdin.getWriter();
  let ended = false;
  const status = child.status.then((status) => {
    ended = true;
    return status;
  });
  for (const [question, answer] of typed) {
    await until(`it asks: ${question}`, () => ended || shown.includes(question));
    if (!ended) await keys.write(new TextEncoder().encode(answer));
  }
  const { code } = await status;
  await reading;
  await keys.close().catch(() => {});
  return { code, shown };
}

Deno.test({
  name: "new asks on a terminal, and writes nothing for who would rather not answer",
  ignore: !canAsk,
  fn: () =>
    inFolder(CONFIG, async (folder) => {
      const files = () => [...Deno.readDirSync(join(folder, "plugins"))].map(({ name }) => name).sort();
      const create = (...typed: (readonly [string, string])[]) =>
        onTerminal(["new", "--config", join(folder, "config.json")], typed);
      for (const key of [CTRL_C, CTRL_D]) {
        for (const typed of [[["Name", key]], [["Name", "mine\r"], ["Fields", key]]] as const) {
          const { code, shown } = await create(...typed);
          assertEquals([code, files()], [1, []], shown);
          assertStringIncludes(shown, "Nothing was written.");
        }
      }
      const { code, shown } = await create(["Name", "mine\r"], ["Fields", "\r"], ["Kind", "http\r"]);
      assertEquals([code, files()], [0, ["mine.ts", "mine_test.ts"]], shown);
      const written = await Deno.readTextFile(join(folder, "plugins", "mine.ts"));
      assertStringIncludes(written, 'fields: ["links.*"]');
      assertStringIncludes(written, "context.options.url");
    }),
});

Deno.test({
  name: "what is done to many is asked for on a terminal, and only a y is a yes",
  ignore: !canAsk,
  fn: () =>
    inFolder(CONFIG, async (folder) => {
      const store = await openStore("sqlite:./relay.db", folder);
      await store.append([{
        source: "a",
        id: "one",
        type: "x",
        coin: null,
        receivedAt: 1,
        timestamp: "1",
        signature: "",
        body: new TextEncoder().encode('{"event_type":"x","data":{}}'),
        test: false,
        depth: 0,
        deliveries: [],
      }]);
      await store.replay([{ event: 1, route: "gone", matched: null, replayOf: null }], 1);
      await store.close();
      const discard = (answer: string) =>
        onTerminal(
          ["dead-letters", "discard", "--waiting", "--all", "--config", join(folder, "config.json")],
          [
            ["[y/N]", answer],
          ],
        );
      for (const answer of ["n\r", "\r", "yes\r", CTRL_D]) {
        const { code, shown } = await discard(answer);
        assertEquals(code, 1, shown);
        assertStringIncludes(shown, "Nothing was done: that takes a y.");
      }
      const { code, shown } = await discard("y\r");
      assertEquals(code, 0, shown);
      assertStringIncludes(shown, "1 discarded.");
    }),
});

/** A relay's config, on free ports. */
const RELAY = {
  "config.json": {
    ...CONFIG["config.json"],
    server: { hostname: "127.0.0.1", port: 0 },
    admin: { hostname: "127.0.0.1", port: 0 },
  },
};

Deno.test({
  name:
    "Ctrl+C on the terminal reaches a relay once, though it goes to all that runs there: it stops in order",
  ignore: !canAsk,
  fn: () =>
    inFolder(RELAY, async (folder) => {
      const { code, shown } = await onTerminal(
        ["start", "--config", join(folder, "config.json")],
        [["dashboard at", CTRL_C]],
        LAUNCHER,
      );
      assertEquals(code, 0, shown);
      assertMatch(shown, /stopping; a second signal ends at once[\s\S]*stopped/);
    }),
});

Deno.test({
  name: "a relay ends with the terminal that it was started on",
  ignore: !canAsk,
  fn: () =>
    inFolder(RELAY, async (folder) => {
      const child = onNewTerminal(["start", "--config", join(folder, "config.json")], LAUNCHER);
      let shown = "";
      const reading = (async () => {
        for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) shown += text;
      })();
      await until("it shows its dashboard", () => /dashboard at \S+/.test(shown));
      const url = /dashboard at (\S+)/.exec(shown)![1]!;
      const answers = () => fetch(url).then((response) => response.text(), () => null);
      assertStringIncludes(await answers() ?? "", "<html");
      child.kill("SIGKILL");
      await until("it has ended", async () => await answers() === null);
      await child.stdin.abort().catch(() => {});
      await child.status;
      await reading;
    }),
});
