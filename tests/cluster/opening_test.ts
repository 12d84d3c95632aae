import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { StoreUnusable } from "../../lib/store/contract.ts";
import { backupStore, openStore } from "../../lib/store/open.ts";
import { examineStore } from "../../lib/store/examine.ts";
import { dumpCommand } from "../../lib/store/postgres/dump_command.ts";
import { asking, ending, put } from "../store/fixtures.ts";
import { type Postgres, withPostgres } from "../support/postgres.ts";
import { until } from "../support/until.ts";
import { startProxy } from "./tcp_proxy.ts";

await withPostgres((postgres) => {
  const server = `127.0.0.1:${postgres.port}`;
  const open = async (url: string) => await (await openStore(url, "/", { shared: true })).close();
  /** Opens it as a relay does. */
  const make = async (url: string) => await (await openStore(url, "/")).close();
  const refused = async (url: string, ...parts: string[]) => {
    const { message } = await assertRejects(() => open(url), StoreUnusable);
    for (const part of parts) assertStringIncludes(message, part);
    assert(!message.includes("password-of"), "no password in a message");
    assert(message.split("postgres://").length <= 2, `what to give is said once: ${message}`);
  };

  Deno.test("a PostgreSQL URL with a mistake is refused, with what to do", async () => {
    const cases: [string, ...string[]][] = [
      ["postgres://", "user:password@host/database"],
      ["postgres://u:password-of-u@h:port/d", "no URL", "user:password@host/database"],
      ["postgres://h/d", "no user"],
      ["postgres://u:password-of-u@h", "no database"],
      ["postgres://u:password-of-u@h/d?sslmod=require", '"sslmod"', "sslmode"],
      ["postgres://u:password-of-u@h/d?sslmode=prefer", "disable, require, verify-full"],
      ["postgres://u:password-of-u@h/d?connections=1", "from 2 to 100"],
      ["postgres://u:password-of-u@h/d?connections=101", "from 2 to 100"],
      ["postgres://u:password-of-u@h/d?timeout=1e2", "from 1 to 600"],
      ["postgres://u:password-of-u@h/d?schema=a;b", "lower-case"],
      ["postgres://u:password-of%u@h/d", "%25"],
      ["postgres://u:password-of-u@h/d?sslrootcert=/no/such.pem", "/no/such.pem", "sslrootcert"],
    ];
    for (const [url, ...parts] of cases) await refused(url, ...parts);
  });

  Deno.test("a PostgreSQL that cannot be reached or signed in to is told as that", async () => {
    await refused(
      "postgres://relay:password-of-relay@127.0.0.1:1/postgres",
      "127.0.0.1:1",
      "ECONNREFUSED",
    );
    await refused(`postgres://relay:password-of-nobody@${server}/postgres`, "password", "pg_hba.conf");
    await refused(postgres.url("x").replace("/postgres?", "/nothing?"), '"nothing"', "create the database");
  });

  Deno.test("a relay waits for no password to become right", async () => {
    await using proxy = startProxy(postgres.port);
    const url = `postgres://relay:password-of-nobody@127.0.0.1:${proxy.port}/postgres`;
    await assertRejects(() => make(url), StoreUnusable, "pg_hba.conf");
    assertEquals(proxy.taken(), 1);
  });

  Deno.test("a command beside a relay makes no tables", async () => {
    await refused(postgres.url("nowhere"), 'schema "nowhere"', "start the relay once");
    assertEquals(await postgres.psql("SELECT count(*) FROM pg_namespace WHERE nspname = 'nowhere'"), "0");
  });

  Deno.test("tables of a newer relay are refused, unless they are fit for this one too", async () => {
    const url = postgres.url("newer");
    await make(url);
    await postgres.psql("UPDATE newer.store SET version = 9, oldest = 9");
    await refused(url, "newer coinrelay", "version 9");
    const left = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'coinrelay newer'";
    await until("no connection is left", async () => await postgres.psql(left) === "0");
    await postgres.psql("UPDATE newer.store SET oldest = 1");
    await make(url);
    assertEquals(await postgres.psql("SELECT version FROM newer.store"), "9");
  });

  Deno.test("a command beside a relay that may be an older program leaves its tables as they are", async () => {
    const url = postgres.url("older");
    await make(url);
    await postgres.psql("UPDATE older.store SET version = 0, oldest = 0");
    await refused(url, 'schema "older"', "older coinrelay", "restart the relay");
    assertEquals(await postgres.psql("SELECT version FROM older.store"), "0");
    assertEquals((await examineStore(url, "/")).state, "older");
  });

  Deno.test("a backup is left to PostgreSQL's own tool, with the command to give", async () => {
    const error = await assertRejects(() => backupStore(postgres.url("x"), "/", "copy"), StoreUnusable);
    assertStringIncludes(error.message, "pg_dump --host=127.0.0.1");
    assertStringIncludes(error.message, "--schema=x --format=custom --file=copy postgres");
  });

  Deno.test("a relay goes on while a newer one adds to the tables", async () => {
    const store = await openStore(postgres.url("growing"), "/");
    try {
      const work = async (id: string) => {
        await put(store, id);
        const { claimed: [one] } = await store.claim(asking({ now: 2000 }));
        assertEquals(await store.settle("one", [ending(one!, "done")], 2000), [true]);
        assertEquals((await store.deliveries({}, { limit: 1 }))[0]?.state, "done");
      };
      for (const id of ["a", "b", "c", "d", "e", "f"]) await work(id); // plans are kept by now
      for (
        const table of ["events", "deliveries", "attempts", "routes", "counters", "kv", "tasks", "store"]
      ) {
        await postgres.psql(`ALTER TABLE growing.${table} ADD COLUMN another text DEFAULT 'x'`);
      }
      await work("g");
      await store.ready();
    } finally {
      await store.close();
    }
  });

  Deno.test("a server that would lose a commit in a power cut, or keeps other text, is refused", async () => {
    await postgres.psql("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    await refused(postgres.url("x").replace("/postgres?", "/latin?"), "LATIN1", "UTF8");
    try {
      await postgres.psql("ALTER SYSTEM SET fsync = off");
      await postgres.psql("SELECT pg_reload_conf()");
      await until("it is off", async () => await postgres.psql("SHOW fsync") === "off");
      await refused(postgres.url("x"), "fsync = off");
    } finally {
      await postgres.psql("ALTER SYSTEM RESET fsync");
      await postgres.psql("SELECT pg_reload_conf()");
      await until("it is on", async () => await postgres.psql("SHOW fsync") === "on");
    }
  });

  Deno.test("the server's UNIX socket does as well as a port", async () => {
    const store = await openStore(postgres.url("socketed", `&host=${postgres.folder}`), "/");
    try {
      await put(store, "a");
    } finally {
      await store.close();
    }
    await refused(postgres.url("socketed", "&host=/no/such/folder"), "/no/such/folder");
  });

  Deno.test("the rights that the docs list are enough", async () => {
    await postgres.psql("CREATE DATABASE relay");
    const page = await Deno.readTextFile(new URL("../../docs/scale.md", import.meta.url));
    const statements = [...page.matchAll(/^psql -d relay -c "(.+)"$/gm)].map(([, sql]) => sql!);
    assertEquals(statements.length, 4);
    for (const sql of statements) {
      // The tests' superuser has the name that the page gives the role.
      const renamed = sql.replace("choose-one", "password-of-least")
        .replace(/(ROLE|TO|AUTHORIZATION) relay\b/, "$1 least");
      await postgres.psql(renamed, "relay");
    }
    const url = `postgres://least:password-of-least@${server}/relay`;
    const store = await openStore(url, "/");
    try {
      await put(store, "a");
      await store.ready();
    } finally {
      await store.close();
    }
    await refused(`${url}?schema=another`, "another");
    await assertRejects(() => make(`${url}?schema=another`), StoreUnusable, "denied");
  });

  Deno.test("a dump that is restored as the docs say is the store that it was", async () => {
    const url = (database: string) => postgres.url("coinrelay").replace("/postgres?", `/${database}?`);
    const shell = async (line: string) => {
      const { hostname, port, username, password } = new URL(url("dumped"));
      const env = { PGHOST: hostname, PGPORT: port, PGUSER: username, PGPASSWORD: password };
      const { success, stderr } = await new Deno.Command("sh", { args: ["-c", line], env }).output();
      assert(success, new TextDecoder().decode(stderr));
    };
    const page = await Deno.readTextFile(new URL("../../docs/scale.md", import.meta.url));
    const [create] = /^createdb .*$/m.exec(page)!;
    const [restore] = /^pg_restore .*$/m.exec(page)!;
    const file = await Deno.makeTempFile();

    await shell(create.replace(/relay$/, "dumped"));
    const before = await openStore(url("dumped"), "/");
    await put(before, "a");
    await shell(dumpCommand(url("dumped"), file)); // while it is open
    await put(before, "b");
    await before.close();

    await shell(create.replace(/relay$/, "restored"));
    await shell(restore.replace("=relay ", "=restored ").replace("relay.dump", file));
    const after = await openStore(url("restored"), "/");
    const ids = (await after.events({}, { limit: 9 })).map(({ id }) => id);
    await after.close();
    await Deno.remove(file);
    assertEquals(ids, ["a"]);
  });

  Deno.test("a commit is on disk when it is confirmed, whatever the role's default", async () => {
    await postgres.psql("CREATE ROLE hasty LOGIN PASSWORD 'password-of-hasty'");
    await postgres.psql("ALTER ROLE hasty SET synchronous_commit = off");
    await postgres.psql("CREATE SCHEMA hasty AUTHORIZATION hasty");
    await postgres.psql("CREATE TABLE public.seen (value text)");
    await postgres.psql("GRANT ALL ON public.seen TO PUBLIC; GRANT USAGE ON SCHEMA public TO PUBLIC");
    const store = await openStore(`postgres://hasty:password-of-hasty@${server}/postgres?schema=hasty`, "/");
    try {
      await postgres.psql(
        `CREATE FUNCTION public.look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           INSERT INTO public.seen VALUES (current_setting('synchronous_commit')); RETURN NEW; END $$;
         CREATE TRIGGER look AFTER INSERT ON hasty.events FOR EACH ROW EXECUTE FUNCTION public.look()`,
      );
      await put(store, "a");
      assertEquals(await postgres.psql("SELECT value FROM public.seen"), "on");
    } finally {
      await store.close();
    }
  });

  Deno.test("TLS: encrypted where asked for, and only to a server that proves its name", async () => {
    const authority = await serveTls(postgres, "DNS:localhost");
    const url = (host: string, mode: string) =>
      postgres.url("secured", `&sslmode=${mode}`).replace("127.0.0.1", host);
    const trusting = `&sslrootcert=${authority}`;

    const store = await openStore(url("localhost", "verify-full") + trusting, "/");
    try {
      await put(store, "a");
      const sessions = await postgres.psql(
        "SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'coinrelay secured'",
      );
      assertEquals(sessions, "t");
    } finally {
      await store.close();
    }
    await open(url("127.0.0.1", "require"));
    const relative = await openStore(
      `${url("localhost", "verify-full")}&sslrootcert=ca.pem`,
      postgres.folder,
    );
    await relative.close(); // the file was found beside the config
    await refused(url("127.0.0.1", "verify-full") + trusting, "127.0.0.1");
    await refused(url("localhost", "verify-full"), "localhost");
    const another = await serveTls(postgres, "IP:127.0.0.1");
    await open(`${url("127.0.0.1", "verify-full")}&sslrootcert=${another}`);
    await refused(`${url("localhost", "verify-full")}&sslrootcert=${another}`, "localhost");
    await postgres.psql("ALTER SYSTEM SET ssl = off");
    await postgres.psql("SELECT pg_reload_conf()");
    await until("it is off", async () => await postgres.psql("SHOW ssl") === "off");
    await refused(url("127.0.0.1", "require"), "speaks no TLS");
  });
});

/** Makes the server speak TLS, with a certificate for `name` (`DNS:…` or `IP:…`); answers the file of the authority that signed it. */
async function serveTls(postgres: Postgres, name: string): Promise<string> {
  const file = (base: string) => join(postgres.folder, base);
  const openssl = async (...args: string[]) => {
    const { success, stderr } = await new Deno.Command("openssl", { args, cwd: postgres.folder }).output();
    assert(success, new TextDecoder().decode(stderr));
  };
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  await openssl("req", "-x509", ...key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Test authority");
  await openssl(
    ...["req", "-x509", ...key, "-keyout", "server.key", "-out", "server.pem", "-subj", `/CN=server`],
    ...["-CA", "ca.pem", "-CAkey", "ca.key", "-addext", `subjectAltName=${name}`],
    ...["-addext", "basicConstraints=critical,CA:FALSE"],
  );
  if (postgres.user) await Deno.chown(file("server.key"), postgres.user.uid, postgres.user.gid);
  await Deno.chmod(file("server.key"), 0o600);
  await postgres.psql(`ALTER SYSTEM SET ssl_cert_file = '${file("server.pem")}'`);
  await postgres.psql(`ALTER SYSTEM SET ssl_key_file = '${file("server.key")}'`);
  await postgres.psql("ALTER SYSTEM SET ssl = on");
  await postgres.restart();
  return file("ca.pem");
}
