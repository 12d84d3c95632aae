import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import pem from "../plugins/doubles/localhost.pem" with { type: "text" };
import { runCommand } from "../commands/run_command.ts";
import { freePort } from "../support/free_port.ts";
import { createRelayFolder, type RelayProcess, SECRET } from "../support/relay_process.ts";
import { signedRequest } from "../support/signed_request.ts";
import { until } from "../support/until.ts";
import { debianProgram } from "./programs.ts";

const DEPLOY = fromFileUrl(new URL("../../deploy/proxy/", import.meta.url));
const MOST_BYTES = 1048576;

/** A proxy with the configuration that we ship, but for its names, ports and certificate. */
interface Proxy {
  program: string | null;
  /** Writes the configuration into `folder`; answers the arguments. */
  configure(folder: string, port: number, relay: RelayProcess): Promise<string[]>;
}

/** Replaces each of `parts`; fails the test when one is not there. */
function replaced(text: string, parts: Record<string, string>): string {
  return Object.entries(parts).reduce((result, [from, to]) => {
    assert(result.includes(from), `the configuration holds: ${from}`);
    return result.replaceAll(from, to);
  }, text);
}

const relayPort = (relay: RelayProcess) => `127.0.0.1:${new URL(relay.url).port}`;

const PROXIES: Record<string, Proxy> = {
  Caddy: {
    program: await debianProgram("caddy", "usr/bin/caddy"),
    async configure(folder, port, relay) {
      const text = replaced(await Deno.readTextFile(join(DEPLOY, "Caddyfile")), {
        "relay.example.com {": `https://localhost:${port} {\n\ttls ${folder}/cert.pem ${folder}/key.pem`,
        "127.0.0.1:8080": relayPort(relay),
        "{\n\tservers {": `{\n\tadmin off\n\tauto_https off\n\tstorage file_system ${folder}\n\tservers {`,
      });
      await Deno.writeTextFile(join(folder, "Caddyfile"), text);
      return ["run", "--config", join(folder, "Caddyfile"), "--adapter", "caddyfile"];
    },
  },
  nginx: {
    program: await debianProgram("nginx", "usr/sbin/nginx"),
    async configure(folder, port, relay) {
      const text = replaced(await Deno.readTextFile(join(DEPLOY, "nginx.conf")), {
        "listen 443 ssl;": `listen 127.0.0.1:${port} ssl;`,
        "    listen [::]:443 ssl;\n": "",
        "server_name relay.example.com;": "server_name localhost;",
        "/etc/letsencrypt/live/relay.example.com/fullchain.pem": `${folder}/cert.pem`,
        "/etc/letsencrypt/live/relay.example.com/privkey.pem": `${folder}/key.pem`,
        "127.0.0.1:8080": relayPort(relay),
      });
      const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map((kind) => `${kind}_temp_path ${folder}/${kind};`).join("\n");
      const whole = `daemon off;\npid ${folder}/pid;\nerror_log stderr;\n${
        Deno.uid() === 0 ? "user root;" : ""
      }\nevents {}\nhttp {\naccess_log off;\n${temporary}\n${text}\n}\n`;
      await Deno.writeTextFile(join(folder, "nginx.conf"), whole);
      return ["-p", folder, "-e", "stderr", "-c", join(folder, "nginx.conf")];
    },
  },
};

const certificate = /-----BEGIN CERTIFICATE[^]*?END CERTIFICATE-----/.exec(pem)![0];
const privateKey = /-----BEGIN [A-Z ]*PRIVATE KEY[^]*?PRIVATE KEY-----/.exec(pem)![0];

for (const [name, { program, configure }] of Object.entries(PROXIES)) {
  Deno.test({
    name:
      `${name} before the relay: deliveries pass over TLS, whole and unchanged, and nothing else is public`,
    ignore: program === null,
    async fn() {
      await using folder = await createRelayFolder({
        plugins: {},
        config: { sources: [{ name: "cryptosync", path: "/webhook", secrets: [SECRET] }] },
      });
      const relay = await folder.start();
      const place = await Deno.makeTempDir();
      await Deno.writeTextFile(join(place, "cert.pem"), certificate + "\n");
      await Deno.writeTextFile(join(place, "key.pem"), privateKey + "\n");
      const port = freePort();
      const proxy = new Deno.Command(program!, {
        args: await configure(place, port, relay),
        env: { HOME: place, XDG_DATA_HOME: place, XDG_CONFIG_HOME: place },
        stdin: "null",
        stdout: "null",
        stderr: "piped",
      }).spawn();
      let ended = "";
      const said = new Response(proxy.stderr).text().then((text) => ended = text || "it ended");
      using client = Deno.createHttpClient({ caCerts: [certificate] });
      const origin = `https://localhost:${port}`;
      const ask = async (path: string, init: RequestInit = {}) => {
        const response = await fetch(origin + path, { ...init, client, redirect: "manual" });
        return { status: response.status, text: await response.text() };
      };
      try {
        await until(`${name} answers`, () => {
          assertEquals(ended, "");
          return ask("/").catch(() => null);
        });

        const event = { secret: SECRET, id: "evt-1" };
        assertEquals((await ask("/webhook", signedRequest(event))).text, '{"status":"accepted"}');
        assertEquals((await ask("/webhook/", signedRequest(event))).text, '{"status":"duplicate"}');
        const whole = { ...event, id: "evt-2", body: "{}".padEnd(MOST_BYTES) };
        assertEquals((await ask("/webhook", signedRequest(whole))).text, '{"status":"accepted"}');
        const longer = { ...event, id: "evt-3", body: "{}".padEnd(MOST_BYTES + 1) };
        // Caddy sends what it has before it knows the length; when the relay hangs up first, it says 502.
        assert([413, 502].includes((await ask("/webhook", signedRequest(longer))).status));
        const forged = signedRequest({ ...event, secret: "whsec_of_a_stranger" });
        assertEquals(JSON.parse((await ask("/webhook", forged)).text).reason, "bad_signature");
        assertEquals((await ask("/webhook")).status, 405);

        for (
          const path of [
            "/",
            "/api/overview",
            "/api/events",
            "/metrics",
            "/readyz",
            "/healthz",
            "/sign-in",
            "/webhook/../metrics",
            "/webhook/x",
            "/WEBHOOK",
          ]
        ) {
          const { status, text } = await ask(path);
          assertEquals(status, 404, path);
          assert(!/coinrelay_|"health"|"ready"|items/.test(text), path);
        }

        const send = await runCommand(
          ["send", "--config", folder.configFile, "--url", `${origin}/webhook`],
          { DENO_CERT: join(place, "cert.pem") },
        );
        assertEquals([send.code, send.stderr], [0, ""]);
        assertMatch(send.stdout, /^accepted /);
        const { items } = await (await fetch(`${relay.adminUrl}/api/events`)).json();
        assertEquals(items.length, 3);
      } finally {
        if (ended === "") proxy.kill("SIGTERM");
        await proxy.status;
        await said;
        await Deno.remove(place, { recursive: true });
      }
    },
  });
}
