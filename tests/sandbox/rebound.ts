/**
 * Asks a name that points at this machine, which a test has made, once as a public host and once by its own name; run
 * by network_test.ts where names can be made.
 *
 * @module
 */
import { join } from "@std/path";
import { HOSTILE, house, job, route } from "./support.ts";

const NAME = Deno.args[0]!;
let reached = 0;
const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
  reached++;
  return new Response("treasure");
});
const { port } = server.addr;
const said: unknown[] = [];
{
  await using home = await house({ "fetch_event.ts": { copy: join(HOSTILE, "fetch_event.ts") } });
  for (const net of ["*", `${NAME}:${port}`]) {
    await home.plugins.configure([route("fetch_event", { allow: { net: [net] } })]);
    const base = job("fetch_event");
    const event = { ...base.event, data: { url: `http://${NAME}:${port}/` } };
    const result = await home.plugins.runner.run({ ...base, event });
    said.push({ outcome: result?.outcome, error: result?.error, reached });
  }
}
await server.shutdown();
console.log(JSON.stringify(said));
