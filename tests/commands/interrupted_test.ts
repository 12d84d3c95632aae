/** What becomes of plugins' processes when a command, or a relay, is ended in the middle. */
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { createRelayFolder } from "../support/relay_process.ts";
import { until } from "../support/until.ts";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));
const linux = Deno.build.os === "linux"; // where /proc tells of processes

/** Never looks up: neither from its import nor from a run. */
const BUSY_IMPORT = "for (;;);\nexport default { fields: ['*'], run() {} };";
const BUSY_RUN = "export default { fields: ['*'], run() { for (;;); } };";

Deno.test({
  name: "a command that is ended while a plugin hangs takes the plugin's process with it",
  ignore: !linux,
  fn: async () => {
    for (
      const [args, plugin, signal, code] of [
        [["try", "busy"], BUSY_RUN, "SIGINT", 130],
        [["try", "busy"], BUSY_IMPORT, "SIGHUP", 129],
        [["check"], BUSY_IMPORT, "SIGINT", 130],
        [["doctor"], BUSY_IMPORT, "SIGTERM", 143],
      ] as const
    ) {
      await using folder = await createRelayFolder({ plugins: { "busy.ts": plugin } });
      const command = new Deno.Command(Deno.execPath(), {
        args: [
          ...["run", "--quiet", `--import-map=${ROOT}.imports.json`, "-A", join(ROOT, "main.ts"), ...args],
          ...["--config", folder.configFile],
        ],
        stdin: "null",
        stdout: "null",
        stderr: "null",
      }).spawn();
      const plugins = await until("the plugin is busy", () => busy(pluginsOf(command.pid)));
      command.kill(signal);
      assertEquals((await command.status).code, code, args.join(" "));
      await until("the plugin's process has ended", () => !plugins.some(isRunning));
    }
  },
});

Deno.test({
  name: "a relay that is told twice to stop ends at once, and so does a plugin that hangs",
  ignore: !linux,
  fn: async () => {
    await using folder = await createRelayFolder({ plugins: { "busy.ts": BUSY_RUN } });
    const starting = folder.spawn();
    const relay = await starting.listening;
    const body = JSON.stringify({
      event_type: "x",
      data: { changes: [{ field: "name", change_type: "update" }] },
    });
    assertEquals(await relay.send({ body }), "accepted");
    const plugins = await until("the plugin is busy", () => busy(pluginsOf(relay.pid)));
    Deno.kill(relay.pid, "SIGTERM");
    await relay.logged("stopping", ({ message }) => message.startsWith("stopping"));
    Deno.kill(relay.pid, "SIGTERM");
    assertEquals((await starting.ended).code, 2);
    await until("the plugin's process has ended", () => !plugins.some(isRunning));
  },
});

Deno.test({
  name: "a relay that is told to stop while it still waits for a plugin takes the plugin's process with it",
  ignore: !linux,
  fn: async () => {
    await using folder = await createRelayFolder({
      plugins: { "busy.ts": BUSY_IMPORT },
      config: { routes: [{ name: "busy", plugin: "busy" }] },
    });
    const starting = folder.spawn();
    starting.listening.catch(() => {}); // it never comes to that
    const plugins = await until("the plugin is busy", () => busy(pluginsOf(starting.pid)));
    Deno.kill(starting.pid, "SIGTERM");
    assertEquals((await starting.ended).code, 143);
    await until("the plugin's process has ended", () => !plugins.some(isRunning));
  },
});

/** Processes of plugins among the children of `pid`. */
function pluginsOf(pid: number): number[] {
  const read = (file: string) => {
    try {
      return Deno.readTextFileSync(file);
    } catch {
      return ""; // it has ended
    }
  };
  const threads = [...Deno.readDirSync(`/proc/${pid}/task`)].map(({ name }) => name);
  const children = threads.flatMap((thread) =>
    read(`/proc/${pid}/task/${thread}/children`).split(" ").filter((child) => child !== "")
  );
  return children.filter((child) => read(`/proc/${child}/cmdline`).includes("bootstrap.ts")).map(Number);
}

/** Those that have computed for a while, if there are any; null otherwise. */
function busy(pids: readonly number[]): number[] | null {
  const found = pids.filter((pid) => cpuTicks(pid) >= 50);
  return found.length > 0 ? found : null;
}

/** The processor time that a process has had, in hundredths of a second. */
function cpuTicks(pid: number): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ").at(-1)!.split(" ");
  assert(fields.length > 13);
  return Number(fields[11]) + Number(fields[12]);
}

function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch {
    return false;
  }
}
