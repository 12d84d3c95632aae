import { assert, assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { understand } from "../../lib/receive/understand.ts";
import { SAMPLES } from "../../lib/samples.ts";
import { startPublicListener } from "../support/public_listener.ts";
import { startReceiver } from "../support/receiver.ts";
import { GOLDEN_SECRET } from "../verify/golden_vectors.ts";
import { runCommand } from "./run_command.ts";

/** A listener that keeps what it gets, and `send` with a config that leads to it. */
async function startTarget() {
  const listener = await startPublicListener();
  const folder = await Deno.makeTempDir();
  const config = join(folder, "config.json");
  await Deno.mkdir(join(folder, "plugins"));
  await Deno.writeTextFile(
    config,
    JSON.stringify({
      server: { port: listener.port },
      sources: [{ name: "cryptosync", secrets: ["${SECRET}"] }, {
        name: "b",
        path: "/b",
        secrets: ["other-secret"],
      }],
    }),
  );
  return {
    folder,
    listener,
    send: (args: string[] = [], env: Record<string, string> = {}) =>
      runCommand(["send", "--config", config, ...args], { SECRET: GOLDEN_SECRET, ...env }),
    async stored() {
      const events = await listener.store.events({}, { limit: 1000, after: 0 });
      return events.map((event) => ({ ...event, text: new TextDecoder().decode(event.body) }));
    },
    async [Symbol.asyncDispose]() {
      await listener[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

Deno.test("send without flags sends the first sample, marked as a test, and says that it was accepted", async () => {
  await using target = await startTarget();
  const { code, stdout, stderr } = await target.send();
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, /^accepted {2}category-joined: /);
  assert(!stdout.includes("\x1b"), "colours belong on a terminal");
  const [event, ...more] = await target.stored();
  assertEquals(more, []);
  assertEquals(event?.text, SAMPLES[0]!.body);
  assertEquals(event?.test, true);
});

Deno.test("send --all --count sends every sample so many times, each an event of its own and understood", async () => {
  await using target = await startTarget();
  const { code, stdout } = await target.send(["--all", "--count", "3", "--rate", "500/s"]);
  assertEquals(code, 0);
  assertMatch(stdout, new RegExp(`^${3 * SAMPLES.length} accepted of ${3 * SAMPLES.length} in `));
  const stored = await target.stored();
  assertEquals(stored.length, 3 * SAMPLES.length);
  assertEquals(new Set(stored.map(({ id }) => id)).size, stored.length);
  assertEquals(stored.filter(({ body }) => "notUnderstood" in understand(body)), []);
});

Deno.test("send --field makes a change with values read as JSON where they are", async () => {
  await using target = await startTarget();
  const change = async (...args: string[]) => {
    const { code, stderr } = await target.send(["--field", ...args]);
    assertEquals([code, stderr], [0, ""]);
    return JSON.parse((await target.stored()).at(-1)!.text);
  };
  assertEquals(
    await change("links.homepage", "--old", "[]", "--new", '["https://a.example"]', "--coin", "aave"),
    {
      event_type: "cg.coin.info.updated",
      data: {
        id: "aave",
        symbol: "aave",
        name: "aave",
        changes: [{
          field: "links.homepage",
          change_type: "update",
          old_value: [],
          new_value: ["https://a.example"],
        }],
      },
    },
  );
  const added = await change("platforms.base", "--new", "0xAB", "--event", "cg.x");
  assertEquals(added.event_type, "cg.x");
  assertEquals(added.data.changes, [{ field: "platforms.base", change_type: "addition", new_value: "0xAB" }]);
  const typed = await change("additional_notices.x", "--old=null", "--new=true", "--type", "removal");
  assertEquals(typed.data.changes[0], {
    field: "additional_notices.x",
    change_type: "removal",
    old_value: null,
    new_value: true,
  });
});

Deno.test("send --file sends a body byte for byte, whatever it is, under the --id given", async () => {
  await using target = await startTarget();
  const body = new Uint8Array([0xff, 0x00, 0x0a, 0x7b]);
  await Deno.writeFile(join(target.folder, "body"), body);
  const { code, stderr } = await target.send(["--file", "body", "--id", "evt:1"], {
    INIT_CWD: target.folder,
  });
  assertEquals([code, stderr], [0, ""]);
  const [event] = await target.stored();
  assertEquals([event?.id, event?.body], ["evt:1", body]);
});

Deno.test("send --duplicate sends each twice, and the second is known", async () => {
  await using target = await startTarget();
  const { code, stdout } = await target.send(["--duplicate", "--json"]);
  const lines = stdout.trim().split("\n").map((line) => JSON.parse(line));
  assertEquals(code, 0);
  assertEquals(lines.map(({ result }) => result), ["accepted", "duplicate"]);
  assertEquals(lines[0].id, lines[1].id);
  assertEquals((await target.stored()).length, 1);
});

Deno.test("send --stale and --bad-signature are refused, which is right, and nothing is stored", async () => {
  await using target = await startTarget();
  for (
    const [flag, reason] of [["--stale", "stale_timestamp"], ["--bad-signature", "bad_signature"]] as const
  ) {
    const { code, stdout } = await target.send([flag]);
    assertEquals(code, 0);
    assertStringIncludes(stdout, `refused: ${reason}`);
    assertStringIncludes(stdout, "as it should be");
  }
  assertEquals(await target.stored(), []);
});

Deno.test("a refusal is told with its meaning, and ends in 1", async () => {
  await using target = await startTarget();
  const wrong = await target.send([], { SECRET: "not-that-one" });
  assertEquals(wrong.code, 1);
  assertStringIncludes(wrong.stdout, "refused: bad_signature");
  assertStringIncludes(wrong.stdout, "The relay knows another signing secret");
  assert(!wrong.stdout.includes("not-that-one"));
  const lost = await target.send(["--source", "b"]);
  assertEquals(lost.code, 1);
  assertStringIncludes(lost.stdout, "/b answered 404");
});

Deno.test("whatever else answers is not taken for the relay", async () => {
  await using target = await startTarget();
  await using other = startReceiver(() => new Response("<html>welcome</html>"));
  const { code, stdout } = await target.send(["--url", other.url]);
  assertEquals(code, 1);
  assertStringIncludes(stdout, "not one of the relay's");
});

Deno.test("a relay that cannot store ends in 2", async () => {
  await using target = await startTarget();
  await using full = startReceiver(() => Response.json({ reason: "store_unavailable" }, { status: 503 }));
  const { code, stdout } = await target.send(["--url", full.url]);
  assertEquals(code, 2);
  assertStringIncludes(stdout, "cannot store events now");
});

Deno.test("a proxy that does not reach the relay, and whatever else fails there, ends in 1", async () => {
  await using target = await startTarget();
  for (
    const [status, meaning] of [
      [502, "A proxy answered because it does not reach the relay"],
      [503, "A proxy answered because it does not reach the relay"],
      [504, "A proxy answered because it does not reach the relay"],
      [501, "not one of the relay's"],
      [405, "Something else than the relay's source listens"],
    ] as const
  ) {
    await using proxy = startReceiver(() => new Response("<html>no</html>", { status }));
    const { code, stdout } = await target.send(["--url", proxy.url]);
    assertEquals(code, 1, `${status}`);
    assertStringIncludes(stdout, `answered ${status}`);
    assertStringIncludes(stdout, meaning);
  }
});

Deno.test("a relay that takes what it must refuse ends in 2", async () => {
  await using target = await startTarget();
  await using careless = startReceiver(() => Response.json({ status: "accepted" }));
  const { code, stdout } = await target.send(["--url", careless.url, "--bad-signature"]);
  assertEquals(code, 2);
  assertStringIncludes(
    stdout,
    "accepted, where bad_signature was expected: the relay took what it must refuse.",
  );
});

Deno.test("a relay that is not there is told so, with how to start it", async () => {
  await using target = await startTarget();
  const gone = startReceiver();
  await gone[Symbol.asyncDispose]();
  const { code, stdout } = await target.send(["--url", gone.url, "--wait", "0", "--count", "100"]);
  assertEquals(code, 1);
  assertStringIncludes(stdout, "cannot reach the relay");
  assertStringIncludes(stdout, "`deno task start`");
  assertStringIncludes(stdout, "1 unreachable of 100");
});

Deno.test("a relay that is just starting is waited for", async () => {
  await using target = await startTarget();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const sending = target.send(["--url", `http://127.0.0.1:${port}/`, "--wait", "60"]);
  (await listener.accept()).close(); // it has tried, and got nothing
  listener.close();
  await using _relay = Deno.serve(
    { hostname: "127.0.0.1", port, onListen() {} },
    () => Response.json({ status: "accepted" }),
  );
  assertEquals((await sending).code, 0);
});

Deno.test("a proxy in the environment does not come between send and a relay on this machine", async () => {
  await using target = await startTarget();
  const { code } = await target.send([], {
    HTTP_PROXY: "http://127.0.0.1:9",
    NO_PROXY: "x.example",
    no_proxy: "",
  });
  assertEquals(code, 0);
});

Deno.test("wrong arguments are told with a suggestion before anything is sent", async () => {
  await using target = await startTarget();
  const wrong: [string[], string][] = [
    [["--filed", "x"], 'unknown flag --filed: did you mean "--field"?'],
    [["--sample", "renmaed"], 'did you mean "renamed"?'],
    [["--sample"], "--sample needs a value"],
    [["--sample", "--json"], "--sample needs a value; if that is --json, write --sample=--json"],
    [["--field", "x", "--old", "--new", "B"], "--old needs a value"],
    [["--all=yes"], "--all takes no value"],
    [["renamed"], 'unexpected argument "renamed"'],
    [["--all", "--file", "x"], "--all and --file exclude each other"],
    [["--old", "1"], "--old needs --field"],
    [["--field", "x"], "--field needs --old, --new or both"],
    [["--field", "x", "--new", "1", "--type", "updat"], 'did you mean "update"?'],
    [["--file", "/nowhere"], "cannot read --file"],
    [["--count", "many"], "--count takes a whole number, at least 1"],
    [["--count", "1.5"], "--count takes a whole number, at least 1"],
    [["--rate", "0"], "--rate takes a number"],
    [["--id", "evt:☕"], "--id is sent as a header"],
    [["--source", "cryptosink"], 'did you mean "cryptosync"?'],
    [["--url", "localhost:80"], "--url takes a whole URL"],
  ];
  const said = await Promise.all(wrong.map(([args]) => target.send(args)));
  for (const [i, [, message]] of wrong.entries()) {
    assertEquals([said[i]!.code, said[i]!.stdout], [1, ""], message);
    assertStringIncludes(said[i]!.stderr, message);
  }
  assertEquals(await target.stored(), []);
});

Deno.test("send --list shows every sample, without a config", async () => {
  const { code, stdout } = await runCommand(["send", "--list", "--config", "/nowhere"]);
  assertEquals(code, 0);
  assertEquals(stdout.trim().split("\n").map((line) => line.split(" ")[0]), SAMPLES.map(({ name }) => name));
  assertNotEquals(SAMPLES.length, 0);
});
