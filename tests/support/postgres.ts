/** A real PostgreSQL of the test's own: a cluster in a temporary folder, on a free port of the loopback. @module */
import { join } from "@std/path";
import { fromDebian } from "./debian_package.ts";
import { freePort } from "./free_port.ts";
import { until } from "./until.ts";

/** Who runs the server where the tests run as root, which it refuses. */
const UNPRIVILEGED = ["postgres", "nobody"];
const PASSWORD = "password-of-the-test";
/**
 * Runs the server that its arguments name, until it reads with which signal to end it. Where it reads no more, the tests
 * have ended, in whatever way: then it ends it too, and removes its folder, its first argument. A server is never ended
 * with SIGKILL: it would leave its shared memory to the machine, which has only so much. All of it is done in the
 * background of the shell that Deno starts, since Deno kills that one.
 */
const KEEPER = `
  exec 3<&0
  {
    folder=$1; shift
    trap : TERM
    "$@" 3<&- &
    read -r signal
    kill "-\${signal:-QUIT}" $!
    wait $!
    test -n "$signal" || rm -rf "$folder"
  } <&3 &
  wait
`;
/** Small, quick to start, and otherwise as a server is: it syncs. */
const SETTINGS = {
  listen_addresses: "127.0.0.1",
  max_connections: "100",
  shared_buffers: "32MB",
  log_min_messages: "warning",
  timezone: "UTC",
};

/** A running server. */
export type Postgres = Awaited<ReturnType<typeof startPostgres>>;

/**
 * Starts a server for the tests of a file, which `register` registers, and ends it after them. Where none can be had,
 * says so loudly and registers nothing, or fails when the environment says `REQUIRE_POSTGRES`.
 */
export async function withPostgres(
  register: (postgres: Postgres) => void | Promise<void>,
  settings: Record<string, string> = {},
): Promise<void> {
  const folder = await programs();
  if (folder === null) {
    if (Deno.env.has("REQUIRE_POSTGRES")) throw new Error("No PostgreSQL here, and none could be installed");
    console.error("\n*** No PostgreSQL here and none could be installed: its tests are SKIPPED. ***\n");
    return;
  }
  const postgres = await startPostgres(folder, settings);
  addEventListener("unload", () => postgres.leave());
  await register(postgres);
}

/** Where the server's programs are; null where there are none, and none could be installed. */
async function programs(): Promise<string | null> {
  if (installed() === null && Deno.uid() === 0) {
    // Without the cluster that the package would make and start.
    await Deno.mkdir("/etc/postgresql-common", { recursive: true });
    await Deno.writeTextFile("/etc/postgresql-common/createcluster.conf", "create_main_cluster = false\n");
  }
  return await fromDebian("postgresql", installed);
}

function installed(): string | null {
  const root = "/usr/lib/postgresql";
  try {
    const versions = [...Deno.readDirSync(root)].map(({ name }) => name).sort((a, b) =>
      Number(b) - Number(a)
    );
    return versions.map((version) => join(root, version, "bin")).find((folder) =>
      exists(join(folder, "initdb"))
    ) ??
      null;
  } catch {
    return null;
  }
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Starts a server with the programs in `bin`. Dispose of it at the end. */
export async function startPostgres(bin: string, settings: Record<string, string> = {}) {
  const user = Deno.uid() === 0 ? await unprivileged() : null;
  const folder = await Deno.makeTempDir({ prefix: "coinrelay-postgres-" });
  const passwords = join(folder, "password");
  await Deno.writeTextFile(passwords, PASSWORD);
  if (user) { for (const path of [folder, passwords]) await Deno.chown(path, user.uid, user.gid); }
  const data = join(folder, "data");
  await run(
    join(bin, "initdb"),
    [
      "-D",
      data,
      "-U",
      "relay",
      "--pwfile",
      passwords,
      "-A",
      "scram-sha-256",
      "-E",
      "UTF8",
      "--locale=C",
      "--no-sync",
    ],
    user,
  );
  const port = freePort();
  let server: Deno.ChildProcess | null = null;
  const url = (schema: string, more = "") =>
    `postgres://relay:${PASSWORD}@127.0.0.1:${port}/postgres?schema=${schema}${more}`;

  const postgres = {
    port,
    folder,
    user,
    /** Of the process that the others are children of. */
    pid: () => Number(Deno.readTextFileSync(join(data, "postmaster.pid")).split("\n")[0]),
    /** A store's URL, in a schema of its own. */
    url,
    /** Runs SQL as the superuser; answers what psql prints, unaligned and without headings. */
    psql(sql: string, database = "postgres") {
      const where = url("x").replace(/postgres\?.*/, database);
      return run("psql", ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql, where]);
    },
    async start() {
      const all = Object.entries({ ...SETTINGS, ...settings }).flatMap((
        [name, value],
      ) => ["-c", `${name}=${value}`]);
      const program = [join(bin, "postgres"), "-D", data, "-p", String(port), "-k", folder, ...all];
      server = new Deno.Command("sh", {
        args: ["-c", KEEPER, "keeper", folder, ...program],
        stdin: "piped",
        stdout: "null",
        stderr: exists("/dev/stderr") && Deno.env.has("SHOW_POSTGRES") ? "inherit" : "null",
        cwd: folder,
        ...user,
      }).spawn();
      await until("PostgreSQL answers", () => postgres.psql("SELECT 1").then(() => true, () => false));
    },
    /** SIGINT: at once, but in order. SIGQUIT: like a crash. */
    async stop(signal: "SIGINT" | "SIGQUIT" = "SIGINT") {
      if (server === null) return;
      const keeper = server;
      server = null;
      const told = keeper.stdin.getWriter();
      await told.write(new TextEncoder().encode(`${signal.replace("SIG", "")}\n`));
      await told.close();
      await keeper.status;
    },
    async restart() {
      await postgres.stop();
      await postgres.start();
    },
    /** Has it end, and its folder removed, soon: for the end of a test file. */
    leave() {
      if (server) void server.stdin.close();
      else Deno.removeSync(folder, { recursive: true });
    },
    async [Symbol.asyncDispose]() {
      await postgres.stop("SIGQUIT");
      await Deno.remove(folder, { recursive: true });
    },
  };
  await postgres.start();
  return postgres;
}

async function unprivileged(): Promise<{ uid: number; gid: number }> {
  const users = (await Deno.readTextFile("/etc/passwd")).split("\n").map((line) => line.split(":"));
  for (const wanted of UNPRIVILEGED) {
    const [, , uid, gid] = users.find(([name]) => name === wanted) ?? [];
    if (uid && gid) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error(`No user of ${UNPRIVILEGED.join(", ")} is here to run PostgreSQL`);
}

async function run(
  program: string,
  args: string[],
  user: { uid: number; gid: number } | null = null,
): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args,
    cwd: "/",
    env: { LC_ALL: "C" },
    stdin: "null",
    ...user,
  }).output();
  if (!success) throw new Error(`${program} failed: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout).trim();
}
