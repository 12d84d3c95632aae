/** What a plugin can reach: what its route names, and nothing else. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import type { Allow } from "../../lib/config/schema.ts";
import type { JsonObject } from "../../lib/nouns.ts";
import { until } from "../support/until.ts";
import { HOSTILE, type House, house, job, ROOT, route } from "./support.ts";

/** A listener that nobody should reach, or that somebody should. */
function listen(
  hostname = "127.0.0.1",
  answer: (request: Request) => Response = () => new Response("treasure"),
) {
  let reached = 0;
  const server = Deno.serve({ hostname, port: 0, onListen() {} }, (request) => {
    reached++;
    return answer(request);
  });
  return {
    port: server.addr.port,
    get reached() {
      return reached;
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** Runs a plugin of `hostile/` for an event that holds `data`. */
async function run(
  home: House,
  name: string,
  { data = {}, options = {}, allow = {} }: { data?: JsonObject; options?: JsonObject; allow?: Allow },
) {
  const mistakes = await home.plugins.configure([route(name, { options, allow })]);
  assertEquals(mistakes, []);
  const base = job(name);
  const result = await home.plugins.runner.run({ ...base, event: { ...base.event, data } });
  return { outcome: result?.outcome, error: result?.error ?? "" };
}

const withPlugin = (name: string, options = {}) =>
  house({ [`${name}.ts`]: { copy: join(HOSTILE, `${name}.ts`) } }, options);

Deno.test("a host that no route names is refused, and the line that would allow it is told", async () => {
  await using home = await withPlugin("fetch_host");
  const { outcome, error } = await run(home, "fetch_host", {});
  assertEquals(outcome, "retry");
  assertMatch(error, /Requires net access to "evil\.example:443", which its route does not grant/);
  const [refused] = home.plugins.status()[0]!.refused;
  assertEquals(
    { ...refused, lastAt: 0 },
    {
      kind: "net",
      target: "evil.example:443",
      route: "fetch_host",
      count: 1,
      lastAt: 0,
      remedy: '"allow": { "net": ["evil.example:443"] }',
    },
  );
});

Deno.test("the host of a URL in the options is granted, with its port and no other", async () => {
  await using granted = listen("127.0.0.1", () => new Response("welcome"));
  await using other = listen();
  await using home = await withPlugin("fetch_options");
  const fetches = (port: number, named: number) =>
    run(home, "fetch_options", {
      options: { url: `http://127.0.0.1:${port}/`, named: `http://127.0.0.1:${named}/` },
    });
  assertEquals(await fetches(granted.port, granted.port), { outcome: "done", error: "" });
  assert(home.logged("stolen: welcome"));
  await home.plugins.configure([
    route("fetch_options", { options: { url: `http://127.0.0.1:${granted.port}/` } }),
  ]);
  const base = job("fetch_options");
  assertEquals((await home.plugins.runner.run(base))?.outcome, "done");
  assertEquals(other.reached, 0);
});

Deno.test("what a run left behind is refused like the run, and told of no route", async () => {
  await using home = await house({
    "late.ts": `export default { run() { void Deno.readTextFile("/etc/hostname"); } };`,
  });
  await home.plugins.configure([route("late")]);
  assertEquals((await home.plugins.runner.run(job("late")))?.outcome, "done");
  const { kind, target, route: of } = await until(
    "it is told",
    () => home.plugins.status()[0]!.refused[0],
  );
  assertEquals([kind, target, of], ["read", "/etc/hostname", null]);
});

Deno.test("what one plugin is granted no other reaches", async () => {
  await using listener = listen("127.0.0.1", () => new Response("welcome"));
  const copy = { copy: join(HOSTILE, "fetch_event.ts") };
  await using home = await house({ "granted.ts": copy, "other.ts": copy });
  const net = [`127.0.0.1:${listener.port}`];
  await home.plugins.configure([route("granted", { allow: { net } }), route("other")]);
  const fetchedBy = async (plugin: string) => {
    const base = job(plugin);
    const event = { ...base.event, data: { url: `http://127.0.0.1:${listener.port}/` } };
    const result = await home.plugins.runner.run({ ...base, event });
    return result?.error ?? result?.outcome;
  };
  assertEquals(await fetchedBy("granted"), "done");
  assertMatch(await fetchedBy("other") ?? "", /Requires net access/);
  assertEquals(listener.reached, 1);
});

Deno.test("a redirect to a host that is not granted is refused", async () => {
  await using other = listen();
  await using granted = listen("127.0.0.1", () => Response.redirect(`http://127.0.0.1:${other.port}/`));
  await using home = await withPlugin("fetch_options");
  const { outcome, error } = await run(home, "fetch_options", {
    options: { url: `http://127.0.0.1:${granted.port}/` },
  });
  assertEquals(outcome, "retry");
  assertMatch(error, new RegExp(`Requires net access to "127.0.0.1:${other.port}"`));
  assertEquals([granted.reached, other.reached], [1, 0]);
});

Deno.test('"*" is any public host: no form of a private address is reached', async () => {
  await using listener = listen("0.0.0.0");
  await using listener6 = listen("::1");
  await using home = await withPlugin("fetch_event");
  const { port } = listener;
  const own = Deno.networkInterfaces().filter(({ family }) => family === "IPv4").map(({ address }) =>
    address
  );
  const hosts = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f.1",
    "localhost",
    "LOCALHOST",
    "0.0.0.0",
    "0",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[fe80::1]",
    "[fd00::1]",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.0.1",
    "100.64.0.1",
    "169.254.169.254",
    ...own,
  ];
  for (const host of hosts) {
    const { outcome, error } = await run(home, "fetch_event", {
      data: { url: `http://${host}:${port}/latest/meta-data` },
      allow: { net: ["*"] },
    });
    assertEquals(outcome, "retry", host);
    assertMatch(error, /Requires net access|Network unreachable|network unreachable|Cannot assign/i, host);
  }
  const six = await run(home, "fetch_event", {
    data: { url: `http://[::1]:${listener6.port}/` },
    allow: { net: ["*"] },
  });
  assertMatch(six.error, /Requires net access/);
  assertEquals([listener.reached, listener6.reached], [0, 0]);
  const tried = home.plugins.status()[0]!.refused.map(({ target }) => target);
  assert(tried.includes(`169.254.169.254:${port}`));
});

/** Runs a program where only it sees `hosts` as the names of addresses; null where that cannot be. */
async function withHosts(hosts: string, ...program: string[]): Promise<Deno.CommandOutput | null> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return null;
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, hosts);
  const apart = (...args: string[]) =>
    new Deno.Command("unshare", {
      args: ["--mount", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', file, ...args],
    }).output();
  try {
    return (await apart("true")).success ? await apart(...program) : null;
  } catch {
    return null; // no such tool
  } finally {
    await Deno.remove(file);
  }
}

const NAME = "rebound.example";
const canName = await withHosts("", "true") !== null;

Deno.test({
  name: '"*" is no name that points at a private address',
  ignore: !canName, // wants Linux and root
  async fn() {
    const deno = [Deno.execPath(), "run", "-A", "--quiet", `--import-map=${join(ROOT, ".imports.json")}`];
    const script = join(import.meta.dirname!, "rebound.ts");
    const ran = await withHosts(`127.0.0.1 localhost\n127.0.0.1 ${NAME}\n`, ...deno, script, NAME);
    const [any, named] = JSON.parse(new TextDecoder().decode(ran!.stdout));
    assertEquals([any.outcome, any.reached], ["retry", 0]);
    assertMatch(any.error, /Requires net access to "127\.0\.0\.1/);
    assertEquals([named.outcome, named.reached], ["done", 1], "the name points there");
  },
});

Deno.test('"*" keeps sockets from private addresses as it keeps fetch', async () => {
  await using listener = listen("0.0.0.0");
  await using home = await withPlugin("connect_event");
  for (const host of ["127.0.0.1", "localhost", "0.0.0.0", "::ffff:127.0.0.1", "::1"]) {
    for (const node of [false, true]) {
      const { outcome, error } = await run(home, "connect_event", {
        data: { host, port: listener.port, node },
        allow: { net: ["*"] },
      });
      assertEquals(outcome, "retry", host);
      assertMatch(error, /Requires net access/, host);
    }
  }
  assertEquals(listener.reached, 0);
});

Deno.test('"*" does not reach the admin listener, also where a route names its address', async () => {
  await using admin = listen();
  await using hook = listen("127.0.0.1", () => Response.redirect(`http://127.0.0.1:${admin.port}/`));
  await using home = await withPlugin("fetch_event", { ownPorts: [admin.port] });
  const net = ["*", `127.0.0.1:${hook.port}`];
  for (const port of [admin.port, hook.port]) { // the second redirects to the first
    const { error } = await run(home, "fetch_event", {
      data: { url: `http://127.0.0.1:${port}/` },
      allow: { net },
    });
    assertMatch(error, new RegExp(`Requires net access to "127.0.0.1:${admin.port}"`));
  }
  assertEquals([hook.reached, admin.reached], [1, 0]);
});

Deno.test('a private host that a route names is reached, also beside "*"', async () => {
  await using listener = listen("127.0.0.1", () => new Response("welcome"));
  await using home = await withPlugin("fetch_event");
  for (const name of ["127.0.0.1", "localhost"]) {
    for (const net of [[`${name}:${listener.port}`], ["*", `${name}:${listener.port}`], [`${name}`]]) {
      const { outcome, error } = await run(home, "fetch_event", {
        data: { url: `http://${name}:${listener.port}/` },
        allow: { net },
      });
      assertEquals([outcome, error], ["done", ""], net.join(" "));
    }
  }
  assertEquals(listener.reached, 6);
});

Deno.test("nothing is imported from the network while a plugin runs", async () => {
  await using listener = listen(
    "127.0.0.1",
    () => new Response("export default 1", { headers: { "content-type": "text/javascript" } }),
  );
  await using home = await withPlugin("import_url");
  const host = `127.0.0.1:${listener.port}`;
  for (const net of [[], [host], ["*", host]]) {
    const { error } = await run(home, "import_url", {
      data: { url: `http://${host}/module.js` },
      allow: { net },
    });
    assertMatch(error, /--cached-only is specified|Requires import access/);
  }
  assertEquals(listener.reached, 0);
});

Deno.test("a route's grants end with the route", async () => {
  await using listener = listen("127.0.0.1", () => new Response("welcome"));
  await using home = await withPlugin("fetch_event");
  const data = { url: `http://127.0.0.1:${listener.port}/` };
  const granted = await run(home, "fetch_event", { data, allow: { net: [`127.0.0.1:${listener.port}`] } });
  assertEquals(granted.outcome, "done");
  const after = await run(home, "fetch_event", { data });
  assertMatch(after.error, /Requires net access/);
  assertEquals(listener.reached, 1);
});
