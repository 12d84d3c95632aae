import { assert, assertEquals } from "@std/assert";
import { serviceOf, speakFor } from "../../lib/launch/service_manager.ts";
import { until } from "../support/until.ts";

Deno.test("only a process that systemd wants to hear from speaks with it", () => {
  assertEquals(serviceOf({}), null);
  assertEquals(serviceOf({ NOTIFY_SOCKET: "/run/x" }), { watchdogMs: null });
  assertEquals(serviceOf({ NOTIFY_SOCKET: "/run/x", WATCHDOG_USEC: "60000000" }), { watchdogMs: 60_000 });
});

Deno.test({
  name: "systemd is told when the relay is ready, and then as long as it answers",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const folder = await Deno.makeTempDir();
    const path = Deno.env.get("PATH")!;
    const told = `${folder}/told`;
    const words = async () => (await Deno.readTextFile(told).catch(() => "")).trim().split("\n");
    await Deno.writeTextFile(`${folder}/systemd-notify`, `#!/bin/sh\necho "$1" >> ${told}\n`, {
      mode: 0o755,
    });
    Deno.env.set("PATH", `${folder}:${path}`);
    let status = 503;
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      () => new Response(null, { status }),
    );
    const ended = Promise.withResolvers<void>();
    const speaking = speakFor(`http://127.0.0.1:${server.addr.port}`, { watchdogMs: 30 }, ended.promise);
    try {
      await new Promise((resolve) => setTimeout(resolve, 150));
      assertEquals(await words(), [""], "not ready yet");
      status = 200;
      await until("it is ready and lives", async () => (await words()).length > 3);
      assertEquals((await words()).slice(0, 3), ["--ready", "WATCHDOG=1", "WATCHDOG=1"]);
      status = 500;
      await until("it falls silent", async () => {
        const before = (await words()).length;
        await new Promise((resolve) => setTimeout(resolve, 200));
        return (await words()).length === before;
      });
      assert(!(await words()).slice(1).includes("--ready"));
    } finally {
      ended.resolve();
      await speaking;
      await server.shutdown();
      Deno.env.set("PATH", path);
      await Deno.remove(folder, { recursive: true });
    }
  },
});
