import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { startReceiver } from "../support/receiver.ts";
import { createRelayFolder, type RelayProcess, SECRET } from "../support/relay_process.ts";
import { type Postgres, withPostgres } from "../support/postgres.ts";
import { signedRequest } from "../support/signed_request.ts";
import { until } from "../support/until.ts";
import { deliver, nameChange } from "./provider.ts";
import { startProxy } from "./tcp_proxy.ts";

/** A refusal must come soon: a statement may take 1 s, and a network that tells nothing is given 2 s more. */
const TIMEOUT = "&timeout=1&connections=3";
const SOON_MS = 10_000;
const COINS = ["btc", "eth", "aave", "doge"];

/** A relay, and the events that are on their way to it. */
interface UnderLoad {
  relay: RelayProcess;
  /** Between it and its database. */
  proxy: ReturnType<typeof startProxy>;
  /** Waits until more events are taken. */
  more(): Promise<void>;
  /** Whether events are on their way. */
  isLoading(): boolean;
}

await withPostgres(async (postgres) => {
  let schemas = 0;

  /**
   * Registers a test of one relay that reaches its database through a proxy. What `body` does to it comes while events
   * are on their way.
   */
  function test(
    name: string,
    body: (under: UnderLoad) => Promise<void>,
    prepare: (schema: string) => Promise<string> = () => Promise.resolve(""),
  ) {
    Deno.test(`PostgreSQL away under load: ${name}`, async () => {
      const schema = `away_${++schemas}`;
      const user = await prepare(schema);
      await using proxy = startProxy(postgres.port);
      await using receiver = startReceiver();
      const url = postgres.url(schema, TIMEOUT).replace(`:${postgres.port}/`, `:${proxy.port}/`);
      const retry = { minDelaySeconds: 0.05, maxDelaySeconds: 0.1, maxAttempts: 1000 };
      await using folder = await createRelayFolder({
        config: {
          store: user ? url.replace("//relay:", `//${user}:`) : url,
          routes: [{
            name: "out",
            plugin: "http",
            events: ["cg.*"],
            options: { url: receiver.url },
            order: "coin",
            retry,
          }],
        },
      });
      const relay = await folder.start();
      const sent: string[] = [];
      await load(relay, sent, 20);
      let loading = true;
      const loaded = load(relay, sent, 80).finally(() => loading = false);
      const more = async () => {
        const before = sent.length;
        await until("more are taken", () => sent.length > before + 8 || !loading);
      };
      await more();
      await body({ relay, proxy, more, isLoading: () => loading });
      await loaded;
      await load(relay, sent, 20);
      // An event that was refused may be there all the same: the answer was lost, not the event.
      const arrived = () => new Set(receiver.received.map(({ text }) => JSON.parse(text).id).filter(isOurs));
      await until("all that was accepted has been acted on", () => arrived().size === sent.length, 90_000);
      const first = [...arrived()] as string[];
      assertEquals(first.toSorted(), sent.toSorted());
      for (const coin of COINS) {
        const own = first.filter((id) => id.startsWith(coin));
        assertEquals(own, own.toSorted(), "each coin's in the order in which they were accepted");
      }
      assertEquals(relay.said.filter((line) => line.includes("password-of")), [], "no password in the log");
      assertEquals(await relay.stop(), 0, "it was the same process all along");
    });
  }

  test("stopped: refused with 503 and Retry-After; started again: as before", async ({ relay }) => {
    await postgres.stop();
    try {
      for (let count = 0; count < 3; count++) await assertRefused(relay);
    } finally {
      await postgres.start();
    }
  });

  test("crashed, twice: nothing that was accepted is lost", async ({ more }) => {
    for (let crash = 0; crash < 2; crash++) {
      await postgres.stop("SIGQUIT");
      await postgres.start();
      await more();
    }
  });

  test("restarted at once", () => postgres.restart());

  test("its connections cut again and again", async ({ proxy, isLoading }) => {
    let cuts = 0;
    for (; isLoading(); cuts++) {
      await new Promise((resolve) => setTimeout(resolve, 300));
      proxy.cutOnce();
    }
    assert(cuts > 1);
  });

  test("unreachable: refused soon, and taken when it is back", async ({ relay, proxy }) => {
    proxy.set("cut");
    for (let count = 0; count < 3; count++) await assertRefused(relay);
    proxy.set("pass");
  });

  test(
    "a network that swallows everything: refused soon, and taken when it is back",
    async ({ relay, proxy }) => {
      proxy.set("swallow");
      await assertRefused(relay);
      await assertRefused(relay);
      proxy.set("pass");
    },
  );

  test("a slow network: slower, but taken", async ({ proxy, more }) => {
    proxy.set({ delayMs: 60 });
    await more();
    proxy.set("pass");
  });

  test("out of connections: 503; with some free again: as before", async ({ relay }) => {
    const role = `role_away_${schemas}`;
    await postgres.psql(`ALTER ROLE ${role} CONNECTION LIMIT 0`);
    await postgres.psql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${role}'`);
    await assertRefused(relay);
    await assertRefused(relay);
    await postgres.psql(`ALTER ROLE ${role} CONNECTION LIMIT 20`);
  }, async (schema) => {
    await postgres.psql(`CREATE ROLE role_${schema} LOGIN PASSWORD 'password-of-the-test'`);
    await postgres.psql(`CREATE SCHEMA ${schema} AUTHORIZATION role_${schema}`);
    return `role_${schema}`;
  });

  test("read-only, as a standby is after a failover: 503; writable again: as before", async ({ relay }) => {
    await setReadOnly(postgres, "on");
    await assertRefused(relay);
    await setReadOnly(postgres, "off");
  });

  const disk = await smallDisk(postgres);
  if (disk) {
    test("out of disk: 503; with room again: as before", async ({ relay }) => {
      await disk.fill();
      // Longer than what is free in the pages that the tables have.
      const body = JSON.stringify({
        event_type: "x",
        noise: crypto.getRandomValues(new Uint8Array(65_536)).toHex(),
      });
      await assertRefused(relay, body);
      await assertRefused(relay, body);
      await disk.free();
    }, async (schema) => {
      await postgres.psql(`CREATE ROLE role_${schema} LOGIN PASSWORD 'password-of-the-test'`);
      await postgres.psql(`CREATE SCHEMA ${schema} AUTHORIZATION role_${schema}`);
      await postgres.psql(`CREATE TABLESPACE small LOCATION '${disk.folder}'`);
      await postgres.psql(`GRANT CREATE ON TABLESPACE small TO role_${schema}`);
      await postgres.psql(`ALTER ROLE role_${schema} SET default_tablespace = small`);
      return `role_${schema}`;
    });
  }
});

async function setReadOnly(postgres: Postgres, value: "on" | "off") {
  await postgres.psql(`ALTER SYSTEM SET default_transaction_read_only = ${value}`);
  await postgres.psql("SELECT pg_reload_conf()");
  await until("it is so", async () => await postgres.psql("SHOW default_transaction_read_only") === value);
}

/** A disk of a few MiB; null, loudly, where none can be mounted. */
async function smallDisk({ user }: Postgres) {
  const folder = await Deno.makeTempDir({ prefix: "coinrelay-disk-" });
  const options = `size=8m,mode=700${user ? `,uid=${user.uid},gid=${user.gid}` : ""}`;
  const run = (program: string, args: string[]) =>
    new Deno.Command(program, { args, stderr: "null" }).outputSync().success;
  const remove = (mounted: boolean) => {
    if (mounted) run("umount", ["--lazy", folder]);
    Deno.removeSync(folder);
  };
  if (!run("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder])) {
    console.error("\n*** No file system can be mounted here: the test of a full disk is SKIPPED. ***\n");
    remove(false);
    return null;
  }
  addEventListener("unload", () => remove(true));
  const filler = join(folder, "filler");
  return {
    folder,
    async fill() {
      const file = await Deno.open(filler, { create: true, append: true });
      const block = new Uint8Array(4096);
      try {
        for (;;) await file.write(block);
      } catch {
        file.close(); // it is full
      }
    },
    free: () => Deno.remove(filler),
  };
}

let number = 0;
const isOurs = (id: string) => COINS.some((coin) => id.startsWith(`${coin}/`));

/** Has `count` events of four coins delivered, each coin's one after the other, and notes those that were taken. */
async function load(relay: RelayProcess, sent: string[], count: number) {
  await Promise.all(COINS.map(async (coin, nth) => {
    for (let index = nth; index < count; index += 4) {
      const id = `${coin}/${String(number++).padStart(6, "0")}`;
      await deliver(() => relay, id, coin);
      sent.push(id);
    }
  }));
}

async function assertRefused(relay: RelayProcess, body = nameChange("btc")) {
  const began = performance.now();
  const response = await fetch(`${relay.url}/webhook`, signedRequest({ secret: SECRET, body }));
  assertEquals([response.status, (await response.json()).reason], [503, "store_unavailable"]);
  assert(Number(response.headers.get("retry-after")) > 0);
  assert(performance.now() - began < SOON_MS, "refused soon");
}
