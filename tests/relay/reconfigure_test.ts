import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { configSchema } from "../../lib/config/schema.ts";
import { startRelay } from "../../lib/relay.ts";
import { inFolder } from "../config/folder.ts";
import { signedRequest } from "../support/signed_request.ts";

const SECRET = "whsec_of_a_relay_that_is_reconfigured";
const listener = { hostname: "127.0.0.1", port: 0 };

function configWith(changes: Record<string, unknown>) {
  return configSchema.parse({
    server: listener,
    admin: listener,
    sources: [{ name: "cryptosync", secrets: [SECRET] }],
    ...changes,
  });
}

Deno.test("a config that cannot be put in force leaves the one before in force, whole", () =>
  inFolder({}, async (folder) => {
    await Deno.writeTextFile(join(folder, "plugins", "quiet.ts"), "export default { run() {} };");
    const route = (name: string) => ({ routes: [{ name, plugin: "quiet" }] });
    const relay = await startRelay(configWith(route("a")), join(folder, "config.json"));
    const routes = async () => {
      const { items } = await (await fetch(`${relay.adminUrl}/api/routes`)).json();
      return items.map(({ name, on }: { name: string; on: boolean }) => `${name} is ${on ? "on" : "off"}`);
    };
    const status = async (secret: string) => {
      const response = await fetch(`${relay.url}/webhook`, signedRequest({ secret }));
      await response.body?.cancel();
      return response.status;
    };
    try {
      const off = await fetch(`${relay.adminUrl}/api/routes/a`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ on: false }),
      });
      await off.body?.cancel();
      const other = "whsec_of_another_config_altogether";
      const broken = configWith({ ...route("b"), sources: [{ name: "cryptosync", secrets: [other] }] });
      broken.routes.push(null as never); // as no config that was checked is
      await assertRejects(() => relay.reconfigure(broken), TypeError);
      assertEquals(await routes(), ["a is off"]);
      assertEquals([await status(SECRET), await status(other)], [200, 401]);

      assertEquals(await relay.reconfigure(configWith(route("b"))), []);
      assertEquals(await routes(), ["b is on"]);
    } finally {
      await relay.stop(0);
    }
  }));

Deno.test("what of a config waits for the next start is told against the start, each time", () =>
  inFolder({}, async (folder) => {
    const relay = await startRelay(configWith({}), join(folder, "config.json"));
    try {
      const moved = { server: { ...listener, port: 8090 }, store: "sqlite:./other/relay.db" };
      assertEquals(await relay.reconfigure(configWith(moved)), ["server.port", "store"]);
      const { store } = await (await fetch(`${relay.adminUrl}/api/config`)).json();
      assertEquals(store, configWith({}).store, "what is in force is shown");
      assertEquals(await relay.reconfigure(configWith({ ...moved, retention: { days: 9 } })), [
        "server.port",
        "store",
      ]);
      assertEquals(await relay.reconfigure(configWith({})), []);
    } finally {
      await relay.stop(0);
    }
  }));

Deno.test("a dashboard that strangers can reach stays shut when the config names another address without a token", () =>
  inFolder({}, async (folder) => {
    const admin = { hostname: "0.0.0.0", port: 0, token: "a-token-of-the-first-config" };
    const relay = await startRelay(configWith({ admin }), join(folder, "config.json"));
    const status = async (headers: HeadersInit) => {
      const response = await fetch(`${relay.adminUrl}/api/config`, { headers });
      await response.body?.cancel();
      return response.status;
    };
    try {
      assertEquals(await status({ authorization: `Bearer ${admin.token}` }), 200);
      assertEquals(await relay.reconfigure(configWith({ admin: listener })), ["admin.hostname"]);
      assertEquals(await status({}), 401);
    } finally {
      await relay.stop(0);
    }
  }));
