import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
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
    for (const signals of [["SIGTERM"], ["SIGINT", "SIGINT"]] as Deno.Signal[][]) {
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
