/** The pages for the night leave nothing out that can come up in one. */
import { assert } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { REJECTING_EVENT_TYPE } from "../../lib/watchdog/rejecting.ts";
import { REFUSED_BECAUSE } from "../../lib/receive/ledger.ts";
import { SILENT_EVENT_TYPE } from "../../lib/watchdog/silence.ts";
import { FAILING_EVENT_TYPE } from "../../lib/watchdog/plugin_trouble.ts";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));
const read = (page: string) => Deno.readTextFile(join(ROOT, page));

Deno.test("docs/troubleshooting.md explains every reason for which a delivery is refused", async () => {
  const text = await read("docs/troubleshooting.md");
  for (const reason of REFUSED_BECAUSE) assert(text.includes(`\`${reason}\``), reason);
});

Deno.test("docs/operate.md says what to do at every alert, and at all that the relay says of itself", async () => {
  const text = await read("docs/operate.md");
  const rules = await read("deploy/prometheus/alerts.yml");
  const alerts = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name]) => name!);
  assert(alerts.length > 5);
  const own = [REJECTING_EVENT_TYPE, SILENT_EVENT_TYPE, FAILING_EVENT_TYPE, "relay.delivery.dead"];
  for (const name of [...alerts, ...own]) assert(text.includes(`\`${name}\``), name);
});

Deno.test("every page that the program sends its reader to is there", async () => {
  const named = new Set<string>();
  for (const folder of ["lib", "plugins", "deploy"]) {
    for (const file of await filesBelow(folder)) {
      for (const [page] of (await read(file)).matchAll(/\bdocs\/\w+\.md\b/g)) named.add(page);
    }
  }
  assert(named.size > 2);
  for (const page of named) await Deno.stat(join(ROOT, page));
});

async function filesBelow(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(join(ROOT, folder))) {
    const path = `${folder}/${name}`;
    files.push(...isDirectory ? await filesBelow(path) : [path]);
  }
  return files;
}

Deno.test("README names every task that is a command of the relay", async () => {
  const text = await read("README.md");
  const { tasks } = JSON.parse(await read("deno.json")) as { tasks: Record<string, { command: string }> };
  const commands = Object.keys(tasks).filter((name) => / (main|lib\/launch)\.ts /.test(tasks[name]!.command));
  assert(commands.length > 9);
  for (const name of commands) assert(text.includes(`\`deno task ${name}`), name);
});
