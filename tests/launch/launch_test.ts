import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { LAUNCHER } from "../support/launcher.ts";
import { until } from "../support/until.ts";
import { flagsFor, makeFolder, start, writeConfig } from "./launched.ts";

Deno.test("deno task start is the launcher, and neither it nor the relay has -A", async () => {
  const { tasks } = JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url)));
  assertMatch(tasks.start.command, / lib\/launch\.ts start$/);
  assert(!/-A|--allow-all|--allow-(net|write|ffi)/.test(tasks.start.command));
});

Deno.test("a launched relay does its work, with store, plugins and config each in a place of its own", async () => {
  const folder = await makeFolder();
  const elsewhere = await Deno.makeTempDir({ prefix: "coinrelay-elsewhere-" });
  try {
    await Deno.rename(join(folder, "plugins"), join(elsewhere, "real with blanks"));
    await Deno.symlink(join(elsewhere, "real with blanks"), join(elsewhere, "linked"));
    await writeConfig(folder, {
      pluginsDir: join(elsewhere, "linked"),
      store: `sqlite:${join(elsewhere, "data", "relay.db")}`,
    });
    {
      await using relay = start(join(folder, "config.json"));
      await relay.meet("bitcoin");
    }
    assert((await Deno.stat(join(elsewhere, "data", "relay.db"))).size > 0);
  } finally {
    await Deno.remove(folder, { recursive: true });
    await Deno.remove(elsewhere, { recursive: true });
  }
});

Deno.test("a launched relay takes a changed config and a changed plugin at once", async () => {
  const folder = await makeFolder();
  try {
    await using relay = start(join(folder, "config.json"));
    await relay.meet("bitcoin");
    await writeConfig(folder, { retention: { days: 9 } });
    await relay.find(/the changed config is in force/);
    await Deno.writeTextFile(
      join(folder, "plugins", "greet.ts"),
      'export default { fields: ["name"], run({ coin }) { console.log("now met", coin.id); } };',
    );
    await relay.find(/"is in force"/);
    await relay.meet("aave");
    await relay.find(/now met aave/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a launched relay starts, and takes a changed config, whatever its environment tells the dynamic linker", async () => {
  const folder = await makeFolder();
  try {
    const loader = { LD_LIBRARY_PATH: folder, ld_sdk_key: "x", DYLD_LIBRARY_PATH: folder };
    await using relay = start(join(folder, "config.json"), null, loader);
    await relay.meet("bitcoin");
    await writeConfig(folder, { retention: { days: 9 } });
    await relay.find(/the changed config is in force/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a launched relay says what of a changed config waits for the next start", async () => {
  const folder = await makeFolder();
  try {
    await using relay = start(join(folder, "config.json"));
    await relay.meet("bitcoin");
    const route = { name: "a", plugin: "greet", allow: { net: ["*", "inside.example"] } };
    await writeConfig(folder, { server: { hostname: "127.0.0.1", port: 65_000 }, routes: [route] });
    await relay.find(/takes effect at the next start: server\.port, reaching inside\.example, should its/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a first start by the launcher makes the config and the secret, and a second may no longer write them", async () => {
  const folder = await Deno.makeTempDir({ prefix: "coinrelay-launch-" });
  const config = join(folder, "config.json");
  try {
    const first = await flagsFor(config);
    assertMatch(first.find((flag) => flag.startsWith("--allow-write"))!, /config\.json,.*\/\.env$/);
    {
      await using relay = start(config);
      await relay.find(/This is the first start|another program has it/);
    }
    assertMatch(await Deno.readTextFile(join(folder, ".env")), /^CRYPTOSYNC_WEBHOOK_SECRET=whsec_/);
    const second = await flagsFor(config);
    assertEquals(second.find((flag) => flag.startsWith("--allow-write")), `--allow-write=${folder}/data`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a signal to the launcher stops the relay in order, and one that comes twice at once counts once", async () => {
  const folder = await makeFolder();
  try {
    for (
      const signals of [["SIGTERM"], ["SIGINT", "SIGINT"], ["SIGINT", "SIGTERM"]] as Deno.Signal[][]
    ) {
      await using relay = start(join(folder, "config.json"));
      await relay.meet("bitcoin");
      for (const signal of signals) relay.child.kill(signal);
      assertEquals((await relay.status).code, 0);
      assertMatch(relay.said(), /"stopping; .*"stopped"/s);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a relay that has no terminal, as nohup starts it, stays when another's goes", async () => {
  const folder = await makeFolder();
  try {
    await using relay = start(join(folder, "config.json"));
    await relay.meet("bitcoin");
    relay.child.kill("SIGHUP");
    await relay.meet("aave");
    relay.child.kill("SIGTERM");
    assertEquals((await relay.status).code, 0);
    assertMatch(relay.said(), /met aave.*"stopping; .*"stopped"/s);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("who has not the patience to wait for a plugin that hangs presses Ctrl+C a second time, and it ends", async () => {
  const folder = await makeFolder();
  try {
    await Deno.writeTextFile(
      join(folder, "plugins", "hangs.ts"),
      'export default { fields: ["name"], run() { console.log("hangs"); return new Promise(() => {}); } };',
    );
    await using relay = start(join(folder, "config.json"));
    await relay.meet("bitcoin");
    await relay.find(/"hangs"/);
    relay.child.kill("SIGINT");
    await relay.find(/"stopping; a second signal ends at once"/);
    let ended = false;
    const status = relay.status.then((status) => {
      ended = true;
      return status;
    });
    await until("it ends", () => {
      try {
        relay.child.kill("SIGINT");
      } catch {
        // it has ended, and what it wrote is still being read
      }
      return ended;
    });
    assertEquals((await status).code, 2);
    assertEquals(relay.said().includes('"stopped"'), false);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test({
  name: "the launcher tells by its exit code that a signal ended the relay",
  ignore: Deno.build.os !== "linux", // where /proc tells of processes
  fn: async () => {
    const folder = await makeFolder();
    try {
      await using relay = start(join(folder, "config.json"));
      await relay.url();
      const { pid } = relay.child;
      const children = [...Deno.readDirSync(`/proc/${pid}/task`)].flatMap(({ name }) =>
        Deno.readTextFileSync(`/proc/${pid}/task/${name}/children`).trim().split(" ").filter((child) =>
          child !== ""
        )
      );
      assertEquals(children.length, 1);
      Deno.kill(Number(children[0]), "SIGKILL");
      assertEquals((await relay.status).code, 128 + 9);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test("a launched relay whose folder is reached by a link does its work", async () => {
  const folder = await makeFolder();
  const link = `${folder}-link`;
  await Deno.symlink(folder, link);
  try {
    await using relay = start(join(link, "config.json"));
    await relay.meet("bitcoin");
  } finally {
    await Deno.remove(link);
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the launcher takes the config from where the user stands, and of several the last, as the relay does", async () => {
  const folder = await makeFolder();
  try {
    await using relay = start("config.json", null, { INIT_CWD: folder });
    await relay.meet("bitcoin");
    assertEquals((await Deno.stat(join(folder, "data", "relay.db"))).isFile, true);
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...LAUNCHER,
        "start",
        "--show-permissions",
        "--config",
        "/elsewhere/config.json",
        "--config=config.json",
      ],
      env: { INIT_CWD: folder },
    }).output();
    assertMatch(new TextDecoder().decode(stdout), new RegExp(`^--allow-write=${folder}/data$`, "m"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a relay stops in order when its launcher is killed", async () => {
  const folder = await makeFolder();
  try {
    await using relay = start(join(folder, "config.json"));
    await relay.meet("bitcoin");
    const url = await relay.url();
    relay.child.kill("SIGKILL");
    await until(
      "it no longer listens",
      () => fetch(`${url}/healthz`).then((response) => response.body?.cancel().then(() => false), () => true),
    );
    await relay.find(/"stopped"/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the flag that shows the permissions is known where it is misspelt, and does not come before --help", async () => {
  const ask = async (...args: string[]) => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [...LAUNCHER, "start", ...args],
    }).output();
    return { code, said: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
  };
  const misspelt = await ask("--show-permission");
  assertEquals(misspelt.code, 1);
  assertMatch(misspelt.said, /unknown flag --show-permission: did you mean "--show-permissions"\?/);
  for (const help of ["--help", "-h"]) {
    const helped = await ask("--show-permissions", help);
    assertEquals(helped.code, 0);
    assertMatch(helped.said, /^Runs the relay until SIGTERM or SIGINT/);
  }
});

Deno.test("a path that Deno's permissions cannot name is refused by the launcher, with what to do", async () => {
  const folder = await makeFolder({ store: "sqlite:a,b/relay.db" });
  try {
    await using relay = start(join(folder, "config.json"));
    assertEquals((await relay.status).code, 1);
    assertMatch(relay.said(), /^Cannot allow the relay .*a,b: .* must not hold a comma\. Rename it\n$/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the launcher hands on the relay's exit code and its words", async () => {
  const folder = await makeFolder({ retention: { days: "x" } });
  try {
    await using relay = start(join(folder, "config.json"));
    assertEquals((await relay.status).code, 1);
    assertMatch(relay.said(), /retention\.days/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a launched relay outlives a changed config with a host that is none, and says where it stands", async () => {
  const folder = await makeFolder();
  try {
    await using relay = start(join(folder, "config.json"));
    await relay.meet("bitcoin");
    const route = (url: string) => ({
      name: "a",
      plugin: "greet",
      fields: ["name"],
      options: { url },
      allow: { net: ["*"] },
    });
    await writeConfig(folder, { routes: [route("https://hooks..slack.com/x")] });
    await relay.find(/its deliveries wait: options\.url: must be a host/);
    await relay.find(/the changed config is in force/);
    await writeConfig(folder, { routes: [route("https://hooks.slack.com/x")] });
    await relay.find(/the changed config is in force[^]*the changed config is in force/);
    await relay.meet("aave");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a port, a host or a URL that is none is told by the relay, with its place and what is permitted", async () => {
  const listener = (changes: Record<string, unknown>) => ({ hostname: "127.0.0.1", port: 0, ...changes });
  const cases: [Record<string, unknown>, RegExp][] = [
    [{ server: listener({ port: "eighty" }) }, /config\.json: server\.port: .*\n.*permitted: /],
    [{ server: listener({ port: 99999 }) }, /config\.json: server\.port: .*\n.*permitted: /],
    [{ admin: listener({ port: -1 }) }, /config\.json: admin\.port: .*\n.*permitted: /],
    [
      { server: listener({ hostname: "my host" }) },
      /config\.json: server\.hostname: is no host name or address .*\n.*permitted: /,
    ],
    [
      { server: listener({ hostname: "http://0.0.0.0" }) },
      /server\.hostname: .*\n.*write only the URL's host/,
    ],
    [{ server: listener({ hostname: "0.0.0.0:80" }) }, /server\.hostname: .*\n.*the port stands apart/],
    [{ admin: listener({ hostname: "a..b", token: "x".repeat(32) }) }, /admin\.hostname: is no host name/],
  ];
  for (const [changes, told] of cases) {
    const folder = await makeFolder(changes);
    try {
      await using relay = start(join(folder, "config.json"));
      assertEquals([(await relay.status).code, JSON.stringify(changes)], [1, JSON.stringify(changes)]);
      assertMatch(relay.said(), told);
      assert(!/\n +at /.test(relay.said()), relay.said());
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }
});

Deno.test("a start with a URL in a route's options that names no host listens, and says that the route waits", async () => {
  const route = {
    name: "a",
    plugin: "greet",
    options: { url: "http://a..b-/" },
    allow: { net: ["*", "c..d"] },
  };
  const folder = await makeFolder({ routes: [route] });
  try {
    await using relay = start(join(folder, "config.json"));
    await relay.find(/its deliveries wait: options\.url: must be a host/);
    await relay.find(/its deliveries wait: allow\.net\[1\]: must be a host/);
    await relay.url();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the launcher allows no host that is none, whoever names it", async () => {
  const folder = await makeFolder({ store: "postgres://u:p@a..b/relay", server: { hostname: "c..d" } });
  try {
    const flags = await flagsFor(join(folder, "config.json"));
    assertEquals(
      flags.find((flag) => flag.startsWith("--allow-net")),
      "--allow-net=0.0.0.0:8080,127.0.0.1:0",
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a first start in a folder that does not exist says so", async () => {
  await using relay = start("/no/such/dir/config.json");
  assertEquals((await relay.status).code, 1);
  assertEquals(
    relay.said(),
    "Cannot make /no/such/dir/config.json: its folder does not exist. Make it, or name another with --config\n",
  );
});

Deno.test("a launched relay says at each change what still waits for the next start, and no longer what was taken back", async () => {
  const folder = await makeFolder();
  const server = (port: number) => ({ server: { hostname: "127.0.0.1", port } });
  try {
    await using relay = start(join(folder, "config.json"));
    await relay.meet("bitcoin");
    const warning = "takes effect at the next start: server\\.port";
    await writeConfig(folder, server(65_000));
    await relay.find(new RegExp(warning));
    await writeConfig(folder, { ...server(65_000), retention: { days: 9 } });
    await relay.find(new RegExp(`${warning}[^]*${warning}`));
    await writeConfig(folder, { ...server(0), retention: { days: 10 } });
    await relay.find(/(the changed config is in force[^]*){3}/);
    await writeConfig(folder, { ...server(0), retention: { days: 11 } });
    await relay.find(/(the changed config is in force[^]*){4}/);
    assertEquals(relay.said().match(/takes effect at the next start/g)?.length, 2);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a launched relay goes on masking the secrets of the config before", async () => {
  const folder = await makeFolder({
    routes: [{ name: "a", plugin: "tell", fields: ["name"], options: { token: "an-old-token-1234" } }],
  });
  try {
    await Deno.writeTextFile(
      join(folder, "plugins", "tell.ts"),
      `const kept = [];
      export default { run({ coin }, { options }) {
        kept.push(options.token);
        console.log("met", coin.id, "with", kept.join(" "));
      } };`,
    );
    await using relay = start(join(folder, "config.json"));
    await relay.meet("bitcoin");
    await writeConfig(folder, {
      routes: [{ name: "a", plugin: "tell", fields: ["name"], options: { token: "a-new-token-1234" } }],
    });
    await relay.find(/the changed config is in force/);
    await relay.meet("aave");
    await relay.find(/met aave with ••• •••/);
    assert(!/an-old-token|a-new-token/.test(relay.said()), relay.said());
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a .env that cannot be read is told in words", async () => {
  const folder = await makeFolder();
  try {
    await Deno.mkdir(join(folder, ".env"));
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [...LAUNCHER, "start", "--config", join(folder, "config.json")],
      stdout: "null",
    }).output();
    assertEquals([code, new TextDecoder().decode(stderr)], [
      1,
      "config.json: .env beside it is a folder\n    a file belongs there\n",
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
