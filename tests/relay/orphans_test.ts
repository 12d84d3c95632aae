import { assert } from "@std/assert";
import { createRelayFolder } from "../support/relay_process.ts";
import { until } from "../support/until.ts";

/** Logs without end, and never lets its run end. */
const TALKER = `export default {
  fields: ["*"],
  run() {
    setInterval(() => console.log("still here"), 1);
    return new Promise(() => {});
  },
};
`;

const linux = Deno.build.os === "linux"; // where /proc tells of processes

Deno.test(
  { name: "a killed relay's plugins end by themselves, even while they talk", ignore: !linux },
  async () => {
    await using folder = await createRelayFolder({ plugins: { "talker.ts": TALKER } });
    for (let i = 0; i < 5; i++) {
      const relay = await folder.start();
      await relay.send({
        body: '{"event_type":"x","data":{"id":"a","changes":[{"field":"name","change_type":"update"}]}}',
      });
      await relay.logged("the plugin talks", ({ message }) => message.includes("still here"));
      const children = (await Deno.readTextFile(`/proc/${relay.pid}/task/${relay.pid}/children`)).trim()
        .split(
          " ",
        );
      assert(children[0] !== "", "the relay runs its plugin in a process of its own");
      await relay.kill();
      await until("the plugin's process has ended", () => children.every((pid) => !isRunning(pid)));
    }
  },
);

function isRunning(pid: string): boolean {
  try {
    return !/^State:\s+Z/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch {
    return false;
  }
}
