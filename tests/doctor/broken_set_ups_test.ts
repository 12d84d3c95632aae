import { assert, assertEquals, assertMatch } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { runCommand } from "../commands/run_command.ts";
import { SECRET, type SetUp, withSetUp } from "./set_up.ts";

Deno.test("doctor finds nothing wrong in a sound set-up", () =>
  withSetUp(async ({ doctor }) => {
    const { code, all, wrong } = await doctor();
    assertEquals([code, wrong], [0, []]);
    const looked = [...new Set(all.map(({ check }) => check))];
    assertEquals(looked, [
      "deno",
      "config",
      "secrets",
      "files",
      "store",
      "disk",
      "plugins",
      "clock",
      "relay",
    ]);
    for (const check of ["store", "plugins", "clock", "files", "secrets"]) {
      assert(all.some((one) => one.check === check && one.verdict === "right"), check);
    }
  }));

Deno.test("doctor says nothing of a route that is turned off", () =>
  withSetUp(async ({ config, doctor }) => {
    await config({ routes: [{ name: "a", plugin: "nowhere", disabled: true }] });
    assertEquals((await doctor()).wrong, []);
  }));

interface BrokenSetUp {
  break(setUp: SetUp): Promise<unknown> | unknown;
  /** What is said: the check, what is wrong and what to do. */
  says: RegExp;
  /** Flags beside `--config`. */
  args?(): string[];
}

const overwrite = async (file: string, at: number) => {
  using handle = await Deno.open(file, { write: true });
  await handle.seek(at, Deno.SeekMode.Start);
  await handle.write(new Uint8Array(3000).fill(0xa5));
};

/** Each is one fault in an otherwise sound set-up. */
const BROKEN: Record<string, BrokenSetUp> = {
  "no config at all": {
    break: ({ path }) => Deno.remove(path("config.json")),
    says: /^config: .*does not exist.* → `deno task start` makes a first one/,
  },
  "a config that is no JSON": {
    break: ({ path }) => Deno.writeTextFile(path("config.json"), '{"sources": [,]}'),
    says: /^config: .*line 1, column 14: .+ → mend that place/,
  },
  "a variable that is not set": {
    break: ({ path }) => Deno.writeTextFile(path(".env"), "", { mode: 0o600 }),
    says: /^config: .*CRYPTOSYNC_WEBHOOK_SECRET is not set → .*\.env/,
  },
  "a misspelt key": {
    break: ({ config }) => config({ retenton: { days: 3 } }),
    says: /^config: .*retenton.* → did you mean "retention"/,
  },
  "a secret that kept its quotation marks": {
    break: ({ path }) =>
      Deno.writeTextFile(path(".env"), `CRYPTOSYNC_WEBHOOK_SECRET='"whsec_0123456789abcdef01"'`, {
        mode: 0o600,
      }),
    says: /^secrets: sources\[0\]\.secrets\[0\] is in quotation marks.* → take them away/,
  },
  "a secret that was not copied whole": {
    break: ({ path }) =>
      Deno.writeTextFile(path(".env"), "CRYPTOSYNC_WEBHOOK_SECRET=whsec_01234", { mode: 0o600 }),
    says: /^secrets: .*not copied whole → copy it from the provider's dashboard/,
  },
  "a secret with an invisible character": {
    break: ({ path }) =>
      Deno.writeTextFile(path(".env"), "CRYPTOSYNC_WEBHOOK_SECRET=whsec_0123456789\u200babcdef0123", {
        mode: 0o600,
      }),
    says: /^secrets: .*cannot be seen → copy it/,
  },
  "two sources with one secret": {
    break: ({ config }) =>
      config({
        sources: ["a", "b"].map((name) => ({
          name,
          path: `/${name}`,
          secrets: ["${CRYPTOSYNC_WEBHOOK_SECRET}"],
        })),
      }),
    says: /^secrets: b and a have the same signing secret → copy each .*each webhook its own/,
  },
  "a dashboard token that can be guessed": {
    async break({ config, path }) {
      await config({ admin: { hostname: "127.0.0.1", port: 0, token: "12345678" } });
      await Deno.chmod(path("config.json"), 0o600);
    },
    says: /^secrets: admin\.token is so short.* → .*openssl rand/,
  },
  "a token for reading that can be guessed": {
    async break({ config, path }) {
      await config({ admin: { hostname: "127.0.0.1", port: 0, readToken: "12345678" } });
      await Deno.chmod(path("config.json"), 0o600);
    },
    says: /^secrets: admin\.readToken is so short.* → .*openssl rand/,
  },
  "a .env that everyone may read": {
    break: ({ path }) => Deno.chmod(path(".env"), 0o644),
    says: /^files: .*\.env holds the secrets, and others .* may read it → chmod 600 .*\.env/,
  },
  "a config that spells a secret out and that everyone may read": {
    async break({ config, path }) {
      await config({ sources: [{ name: "cryptosync", secrets: ["whsec_0123456789spelt0out"] }] });
      await Deno.chmod(path("config.json"), 0o644);
    },
    says: /^files: .*config\.json holds a secret.* → chmod 600 .*config\.json/,
  },
  "a .env that the group may read": {
    break: ({ path }) => Deno.chmod(path(".env"), 0o640),
    says: /^files: .*\.env holds the secrets, and others .* may read it → chmod 600 .*\.env/,
  },
  "a config that everyone may write": {
    break: ({ path }) => Deno.chmod(path("config.json"), 0o666),
    says: /^files: .*config\.json can be changed by anyone.* → chmod o-w .*config\.json/,
  },
  "a plugin that everyone may write": {
    break: ({ path }) => Deno.chmod(path("plugins", "quiet.ts"), 0o666),
    says: /^files: .*quiet\.ts can be changed by anyone.* → chmod o-w .*quiet\.ts/,
  },
  "a plugins folder that everyone may write": {
    break: ({ path }) => Deno.chmod(path("plugins"), 0o777),
    says: /^files: .*plugins can be changed by anyone.* → chmod o-w .*plugins/,
  },
  "a store that everyone may read": {
    break: ({ path }) => Deno.chmod(path("data", "relay.db"), 0o644),
    says: /^files: .*relay\.db holds every event.* → chmod 600/,
  },
  "a damaged store": {
    async break({ path }) {
      const db = new DatabaseSync(path("data", "relay.db"));
      db.exec("BEGIN");
      const insert = db.prepare("INSERT INTO kv VALUES (1, ?, 'null')");
      for (let i = 0; i < 2000; i++) insert.run(`a-key-that-is-long-enough-to-fill-pages-${i}`);
      db.exec("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
      db.close();
      await overwrite(path("data", "relay.db"), 200_000);
    },
    says: /^store: .*relay\.db is damaged \([^*\n]+\)\. Stop the relay, put it aside with its/,
  },
  "a store that is no database": {
    break: ({ path }) => Deno.writeTextFile(path("data", "relay.db"), "not a database. ".repeat(600)),
    says: /^store: Cannot open \S+relay\.db: file is not a database\. Stop the relay, put it aside with its/,
  },
  "a store of another program": {
    async break({ path }) {
      await Deno.remove(path("data", "relay.db"));
      const db = new DatabaseSync(path("data", "relay.db"));
      db.exec("CREATE TABLE t (x)");
      db.close();
      await Deno.chmod(path("data", "relay.db"), 0o600);
    },
    says: /^store: .*database of another program.*Name another file/,
  },
  "a store that a newer coinrelay wrote": {
    break({ path }) {
      const db = new DatabaseSync(path("data", "relay.db"));
      db.exec("PRAGMA user_version = 999");
      db.close();
    },
    says: /^store: .*a newer coinrelay wrote it.*Run that coinrelay, or restore the backup/,
  },
  "a database server that nobody answers at": {
    break: ({ config }) => config({ store: "postgres://relay:hunter2@127.0.0.1:1/relay" }),
    says: /^store: Cannot.*127\.0\.0\.1.*ECONNREFUSED.*see that the server runs/,
  },
  "a clock that is ten minutes off": {
    break: () => {},
    args: () => ["--clock-url", `http://127.0.0.1:${late.addr.port}/`],
    says:
      /^clock: this machine's clock is (59\d|60\d) s ahead of 127\.0\.0\.1:\d+: every delivery is refused.* → .*timedatectl/,
  },
  "a plugin that does not load": {
    break: ({ path }) => Deno.writeTextFile(path("plugins", "broken.ts"), "export default {"),
    says: /^plugins: broken does not load: .*broken\.ts:1: .* → mend it, or take it out/s,
  },
  "a plugin that says a secret when it does not load": {
    break: ({ path }) => Deno.writeTextFile(path("plugins", "loud.ts"), `throw new Error("with ${SECRET}");`),
    says: /^plugins: loud does not load: .*with •••/,
  },
  "a route without its plugin": {
    break: ({ config }) => config({ routes: [{ name: "a", plugin: "quite" }] }),
    says: /^plugins: routes\[0\]\.plugin: there is no plugin "quite" → did you mean "quiet"\?/,
  },
  "a port that another program has": {
    break: ({ config }) => config({ server: { hostname: "127.0.0.1", port: late.addr.port } }),
    says: /^relay: another program than the relay has 127\.0\.0\.1:\d+ → .*ss -ltnp.*change server\.port/,
  },
  "an address that is not this machine's": {
    break: ({ config }) => config({ server: { hostname: "192.0.2.1", port: 8080 } }),
    says: /^relay: it cannot listen at 192\.0\.2\.1:8080.* → server\.hostname must be an address/,
  },
};

/** A server whose clock is ten minutes behind ours. */
const late = Deno.serve(
  { hostname: "127.0.0.1", port: 0, onListen() {} },
  () => new Response(null, { headers: { date: new Date(Date.now() - 600_000).toUTCString() } }),
);
late.unref();

for (const [name, { break: spoil, says, args }] of Object.entries(BROKEN)) {
  Deno.test({
    name: `doctor names and explains: ${name}`,
    sanitizeResources: false, // the late server outlives each test
    fn: () =>
      withSetUp(async (setUp) => {
        await spoil(setUp);
        const { code, wrong } = await setUp.doctor(...args?.() ?? []);
        assertEquals([code, wrong.length], [1, 1], wrong.join("\n"));
        assertMatch(wrong[0]!, says);
      }),
  });
}

Deno.test({
  name: "doctor names and explains: a store that belongs to another user than its folder",
  ignore: Deno.build.os === "windows" || Deno.uid() !== 0, // only root gives files away
  fn: () =>
    withSetUp(async ({ path, doctor }) => {
      await Deno.chown(path("data"), 65534, 65534);
      const { code, wrong } = await doctor();
      assertEquals([code, wrong.length], [1, 1]);
      assertMatch(wrong[0]!, /^files: .*another user than its folder → .*chown --reference=/);
    }),
});

Deno.test("doctor prints for people what is wrong and, below it, what to do", () =>
  withSetUp(async ({ path }) => {
    await Deno.chmod(path(".env"), 0o644);
    const { code, stdout } = await runCommand([
      "doctor",
      "--config",
      path("config.json"),
      "--clock-url",
      "http://127.0.0.1:1/",
    ]);
    assertEquals(code, 1);
    assertMatch(stdout, /\nfiles +WRONG {2}.*\.env holds the secrets.*\n +→ chmod 600 .*\.env\n/);
    assertMatch(stdout, /\nclock +\? +not compared/);
    assertMatch(stdout, /\n1 to mend/);
  }));

Deno.test("doctor prints what comes after a finding of several lines", () =>
  withSetUp(async ({ path, config }) => {
    await Deno.writeTextFile(path("plugins", "broken.ts"), "export default {");
    await config({ routes: [{ name: "a", plugin: "broken" }] });
    const { stdout } = await runCommand([
      "doctor",
      "--config",
      path("config.json"),
      "--clock-url",
      "http://127.0.0.1:1/",
    ]);
    assertMatch(
      stdout,
      /\nplugins +WRONG {2}routes\[0\]\.plugin: .*\n(?: {12}.*\n)+ {12}→ .*deno task check/,
    );
    assertMatch(stdout, /\nclock +\? +not compared.*\n +→ .*timedatectl/);
    assertMatch(stdout, /\nrelay +\? .*\n +→ give it a number\n\n2 to mend/);
  }));
