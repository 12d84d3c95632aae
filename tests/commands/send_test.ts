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

Deno.test("a sample is sent as the event of another coin or type, and a type brings its own sample", async () => {
  await using target = await startTarget();
  const sent = async (...args: string[]) => {
    const { code, stderr } = await target.send(args);
    assertEquals([code, stderr], [0, ""]);
    return JSON.parse((await target.stored()).at(-1)!.text);
  };
  const renamed = JSON.parse(SAMPLES.find(({ name }) => name === "renamed")!.body);
  assertEquals(await sent("--sample", "renamed"), renamed);
  const others = await sent("--sample", "renamed", "--coin", "aave", "--event", "cg.other");
  assertEquals(others, {
    event_type: "cg.other",
    data: { ...renamed.data, id: "aave", symbol: "aave", name: "aave" },
  });
  const own = SAMPLES.map(({ body }) => JSON.parse(body)).find(({ event_type }) =>
    event_type !== renamed.event_type
  );
  assertEquals(await sent("--event", own.event_type), own);
  assertEquals(await sent("--event", "cg.unheard.of", "--coin", "aave"), {
    event_type: "cg.unheard.of",
    data: { id: "aave", symbol: "aave", name: "aave" },
  });
});

Deno.test("send --json says of each answer whether it is as it should be", async () => {
  await using target = await startTarget();
  const answers = async (...args: string[]) => {
    const { stdout } = await target.send([...args, "--json"]);
    return stdout.trim().split("\n").map((line) => JSON.parse(line)).map((
      { result, reason, asExpected },
    ) => [result, reason, asExpected]);
  };
  assertEquals(await answers(), [["accepted", undefined, true]]);
  assertEquals(await answers("--bad-signature"), [["refused", "bad_signature", true]]);
  assertEquals(await answers("--source", "b"), [["refused", "not_found", false]]);
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

Deno.test("send --id --count gives each event an id of its own, and a second time the relay knows them all", async () => {
  await using target = await startTarget();
  const ids = async () => (await target.stored()).map(({ id }) => id).sort();
  assertEquals((await target.send(["--id", "mine", "--count", "3"])).code, 0);
  assertEquals(await ids(), ["mine", "mine-2", "mine-3"]);
  const again = await target.send(["--id", "mine", "--count", "3"]);
  assertEquals(again.code, 0);
  assertStringIncludes(again.stdout, "3 duplicate of 3");
  assertStringIncludes(again.stdout, "The relay had this event id already: nothing is done twice.");
  assertEquals(await ids(), ["mine", "mine-2", "mine-3"]);
});

Deno.test("send --rate spreads the events over the time", async () => {
  await using target = await startTarget();
  const arrived: number[] = [];
  await using slow = startReceiver(() => {
    arrived.push(performance.now());
    return Response.json({ status: "accepted" });
  });
  assertEquals((await target.send(["--url", slow.url, "--count", "4", "--rate", "10/s"])).code, 0);
  const [first, ...rest] = arrived;
  assertEquals(rest.length, 3);
  assert(rest.at(-1)! - first! >= 250, `all within ${rest.at(-1)! - first!} ms`); // 300, but for the clock's grain
});

Deno.test("of many events only what goes wrong is told one by one, and of that the first few, with no word of a stranger's obeyed", async () => {
  await using target = await startTarget();
  const many = await target.send(["--count", "60"]);
  assertEquals([many.code, many.stdout.trim().split("\n").length], [0, 2]);
  assertMatch(many.stdout, /^60 accepted of 60 in [\d.]+ s\nOn disk, /);
  await using stranger = startReceiver(() =>
    Response.json({ reason: "odd", detail: "\x1b[2Jgone\u202e" }, { status: 400 })
  );
  const refused = await target.send(["--url", stranger.url, "--count", "60"]);
  assertEquals(refused.code, 1);
  assertEquals(refused.stdout.match(/^refused: odd/gm)?.length, 5);
  assertStringIncludes(refused.stdout, "60 refused of 60");
  assertStringIncludes(refused.stdout, "\ufffd[2Jgone\ufffd");
  for (const steering of ["\x1b", "\u202e"]) assertEquals(refused.stdout.includes(steering), false);
});

Deno.test("once one does not get through, the rest is not tried", async () => {
  await using target = await startTarget();
  let left = 3;
  const server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    for await (const connection of server) {
      if (--left < 0) {
        connection.close();
        continue;
      }
      await connection.read(new Uint8Array(65_536));
      const body = '{"status":"accepted"}';
      const head = `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n`;
      await connection.write(new TextEncoder().encode(head + body));
      connection.close();
    }
  })();
  const url = `http://127.0.0.1:${server.addr.port}/`;
  const { code, stdout } = await target.send(["--url", url, "--count", "10000", "--json", "--wait", "0"]);
  server.close();
  await serving.catch(() => {});
  assertEquals(code, 1);
  const results = stdout.trim().split("\n").map((line) => JSON.parse(line).result);
  assert(results.length <= 3 + 8, `${results.length} were tried`); // as many as are on their way at a time
  assert(results.includes("unreachable"));
});

Deno.test("where the config lets the system choose a port, the address must be given", async () => {
  await using target = await startTarget();
  const config = join(target.folder, "config.json");
  const settings = JSON.parse(await Deno.readTextFile(config));
  await Deno.writeTextFile(config, JSON.stringify({ ...settings, server: { port: 0 }, admin: { port: 0 } }));
  const refused = await target.send();
  assertEquals([refused.code, refused.stdout], [1, ""]);
  assertStringIncludes(
    refused.stderr,
    "server.port is 0, so the system chose it: give the address with --url",
  );
  const sent = await target.send(["--url", `${target.listener.url}/webhook`]);
  assertEquals(sent.code, 0);
  assertMatch(sent.stdout, /see the relay's terminal\.\n$/);
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

Deno.test("an event is not sent on to where an answer leads: no provider would", async () => {
  await using target = await startTarget();
  await using elsewhere = startReceiver(() => Response.json({ status: "accepted" }));
  await using moved = startReceiver(() =>
    new Response(null, { status: 307, headers: { location: elsewhere.url } })
  );
  const { code, stdout } = await target.send(["--url", moved.url]);
  assertEquals([code, elsewhere.received], [1, []]);
  assertStringIncludes(stdout, "answered 307");
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
    [["--file", "x", "--coin", "aave"], "--coin and --event do not go with it"],
    [["--file", "x", "--event", "cg.x"], "--coin and --event do not go with it"],
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
