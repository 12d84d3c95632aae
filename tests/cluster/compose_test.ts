/**
 * `deploy/compose-cluster` without Docker: its files, with processes of this machine in place of the containers. Two
 * loopback addresses stand for the two relays, so that both have the ports of the files' scheme.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { debianProgram } from "../deploy/programs.ts";
import { freePort } from "../support/free_port.ts";
import { type Postgres, withPostgres } from "../support/postgres.ts";
import { createRelayFolder } from "../support/relay_process.ts";
import { signedRequest } from "../support/signed_request.ts";
import { until } from "../support/until.ts";
import { nameChange } from "./provider.ts";

const FILES = new URL("../../deploy/compose-cluster/", import.meta.url);
const fileOf = (name: string) => Deno.readTextFile(new URL(name, FILES));
/** Free there, a port is free on all loopback addresses that are used. */
const ALL = "0.0.0.0";
const HOSTS = { "relay-1": "127.0.0.2", "relay-2": "127.0.0.3" };
const SECRETS = {
  CRYPTOSYNC_WEBHOOK_SECRET: "whsec_of_the_cluster",
  RELAY_DB_PASSWORD: "password-of:the@relays",
};

const caddy = Deno.build.os === "linux" ? await debianProgram("caddy", "usr/bin/caddy") : null;

await withPostgres((postgres) => {
  Deno.test("compose-cluster: its role has its schema and little else", async () => {
    await makeRole(postgres);
    const may = (sql: string) => postgres.psql(sql, "cluster");
    assertEquals(await may("SELECT has_schema_privilege('relay_of_cluster', 'coinrelay', 'CREATE')"), "t");
    assertEquals(await may("SELECT has_schema_privilege('relay_of_cluster', 'public', 'CREATE')"), "f");
    assertEquals(await may("SELECT has_database_privilege('relay_of_cluster', 'cluster', 'CREATE')"), "f");
    assertEquals(await may("SELECT has_database_privilege('relay_of_cluster', 'cluster', 'TEMP')"), "f");
  });

  Deno.test({
    name:
      "compose-cluster: the balancer spreads, passes over a relay that is gone, and says so when none can store",
    ignore: caddy === null,
    async fn() {
      const [publicPort, adminPort, sitePort] = [freePort(ALL), freePort(ALL), freePort(ALL)];
      const scheme = JSON.parse(await fileOf("config.example.json"));
      const store = scheme.store
        .replace(
          "//relay:${RELAY_DB_PASSWORD}@postgres/relay",
          `//relay_of_cluster:${
            encodeURIComponent(SECRETS.RELAY_DB_PASSWORD)
          }@127.0.0.1:${postgres.port}/cluster`,
        );
      const newFolder = (host: string) =>
        createRelayFolder({
          config: {
            ...scheme,
            store,
            pluginsDir: new URL("../../plugins", import.meta.url).pathname,
            server: { ...scheme.server, hostname: host, port: publicPort },
            admin: { hostname: host, port: adminPort },
          },
          env: SECRETS,
        });
      await using first = await newFolder(HOSTS["relay-1"]);
      await using second = await newFolder(HOSTS["relay-2"]);
      const one = await first.start();
      const two = await second.start();
      await using balancer = await startBalancer(sitePort, publicPort, adminPort);
      const send = async () => {
        const request = signedRequest({ secret: SECRETS.CRYPTOSYNC_WEBHOOK_SECRET, body: nameChange("btc") });
        const response = await fetch(`${balancer.url}/webhook`, request);
        await response.body?.cancel();
        return response.status;
      };
      await until("the balancer has found a relay", async () => await send().catch(() => 0) === 200);

      for (let count = 0; count < 20; count++) assertEquals(await send(), 200);
      const took = (relay: typeof one) => relay.lines.filter(({ message }) => message === "accepted").length;
      await until("both have taken some", () => took(one) >= 8 && took(two) >= 8);

      await one.kill();
      // Connections to it that the balancer kept open break, which the provider makes good by sending again.
      await until("it is passed over", async () => await send() === 200 && await send() === 200);
      for (let count = 0; count < 20; count++) assertEquals(await send(), 200, "the other takes all");

      const again = await first.start();
      await until("it is asked again", async () => (await send(), took(again) > 0));

      for (const path of ["/", "/api/events", "/metrics", "/readyz"]) {
        const response = await fetch(balancer.url + path);
        await response.body?.cancel();
        assertEquals(response.status, 404, `${path} is not public`);
      }

      await postgres.stop();
      try {
        await until("both are out, and it says so", async () => await send() === 503);
      } finally {
        await postgres.start();
      }
      await until("both are back, by themselves", async () => await send() === 200);
    },
  });
});

/** Has `role.sh` make a role and a schema in a database of their own. Roles are the server's: so it has a name of its own. */
async function makeRole(postgres: Postgres): Promise<void> {
  await postgres.psql("CREATE DATABASE cluster");
  const script = (await fileOf("role.sh")).replaceAll(/\brelay\b(?=( LOGIN|;))/g, "relay_of_cluster");
  assert(script.includes("relay_of_cluster LOGIN") && script.includes("AUTHORIZATION relay_of_cluster;"));
  const { success, stderr } = await new Deno.Command("sh", {
    args: ["-c", script],
    env: {
      ...SECRETS,
      POSTGRES_USER: "relay",
      POSTGRES_DB: "cluster",
      PGHOST: "127.0.0.1",
      PGPORT: String(postgres.port),
      PGPASSWORD: new URL(postgres.url("x")).password,
    },
  }).output();
  assert(success, new TextDecoder().decode(stderr));
}

/** Runs the `Caddyfile`, with this machine's addresses in it, and without TLS: no public name leads here. */
async function startBalancer(sitePort: number, publicPort: number, adminPort: number) {
  const folder = await Deno.makeTempDir({ prefix: "coinrelay-test-" });
  const text = (await fileOf("Caddyfile"))
    .replace("{\n\tservers", "{\n\tadmin off\n\tservers")
    .replace("{$SITE}", `http://127.0.0.1:${sitePort}`)
    .replaceAll(/relay-[12]/g, (name) => HOSTS[name as keyof typeof HOSTS])
    .replaceAll(":8080", `:${publicPort}`)
    .replace("health_port 8081", `health_port ${adminPort}`);
  const file = join(folder, "Caddyfile");
  await Deno.writeTextFile(file, text);
  const process = new Deno.Command(caddy!, {
    args: ["run", "--config", file, "--adapter", "caddyfile"],
    env: { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  return {
    url: `http://127.0.0.1:${sitePort}`,
    async [Symbol.asyncDispose]() {
      process.kill("SIGTERM");
      await process.status;
      await Deno.remove(folder, { recursive: true });
    },
  };
}
