/** A plugin that may write in a folder cannot make a link there, which would lead it anywhere. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { processArguments } from "../../lib/sandbox/flags.ts";
import type { Grant } from "../../lib/sandbox/grants.ts";
import { house, job, ROOT, route } from "./support.ts";

/** Makes `lists/way` by `node:wasi`, which leads to `.env`, and reads it. */
const BY_WASI = `
import { readFileSync } from "node:fs";
import { WASI } from "node:wasi";
const lists = new URL("../lists", import.meta.url).pathname;
export function steal() {
  const wasi = new WASI({ version: "preview1", preopens: { "/lists": lists } });
  const memory = new WebAssembly.Memory({ initial: 1 });
  wasi.initialize({ exports: { memory } });
  const put = (text, at) => new TextEncoder().encodeInto(text, new Uint8Array(memory.buffer, at)).written;
  wasi.wasiImport.path_symlink(0, put("../.env", 0), 3, 500, put("way", 500));
  console.log("stolen: " + readFileSync(lists + "/way", "utf8"));
}
export default { run: steal };
`;
/** Does the same with the module as it is \`required\`, and memory that only says that it is some. */
const BY_REQUIRE = BY_WASI.replace(
  'import { WASI } from "node:wasi";',
  "const { WASI } = process.getBuiltinModule('wasi');",
)
  .replace(
    "new WebAssembly.Memory({ initial: 1 })",
    '{ buffer: new ArrayBuffer(1000), [Symbol.toStringTag]: "WebAssembly.Memory" }',
  )
  .replace("wasi.initialize(", "wasi.finalizeBindings(");
/** Starts `constructed`, a worker of some kind, in which there would be another `node:wasi`. */
const byWorker = (constructed: string) => `
import threads from "node:worker_threads";
export default {
  async run() {
    const url = "data:text/javascript," + encodeURIComponent("console.log('stolen: a worker runs')");
    const worker = ${constructed};
    await new Promise((resolve) => setTimeout(resolve, 500));
    worker.terminate();
  },
};
`;
const AGAIN = `(() => {
      try {
        Object.setPrototypeOf(Worker, EventTarget);
      } catch {
        // it stays as it is
      }
      return new Worker(url, { type: "module" });
    })()`;

for (
  const [what, source, why] of [
    ["by node:wasi", BY_WASI, /node:wasi is not there for a plugin that may write files/],
    [
      "by node:wasi as process has it",
      BY_REQUIRE,
      /node:wasi is not there for a plugin that may write files/,
    ],
    [
      "in a worker",
      byWorker('new Worker(url, { type: "module" })'),
      /Worker is not there for a plugin that may/,
    ],
    [
      "in a worker of Node's",
      byWorker("new threads.Worker(new URL(url))"),
      /Worker is not there for a plugin/,
    ],
    ["in a worker whose class it mends", byWorker(AGAIN), /Worker is not there for a plugin that may write/],
  ] as const
) {
  Deno.test(`a plugin that may write in a folder makes no link there ${what}`, async () => {
    await using home = await house({ "linker.js": source });
    await home.write(".env", "SECRET=treasure");
    await home.write("lists/mine.txt", "mine");
    await home.plugins.configure([route("linker", { allow: { write: ["./lists"] } })]);
    const result = await home.plugins.runner.run(job("linker"));
    assertMatch(result?.error ?? "no error", why);
    assert(!home.logged("stolen"), JSON.stringify(home.logs));
    await assertRejects(() => Deno.lstat(join(home.base, "lists/way")), Deno.errors.NotFound);
  });
}

Deno.test("a plugin that may write nothing may have workers, in which it may write nothing either", async () => {
  await using home = await house({ "worker.js": byWorker('new Worker(url, { type: "module" })') });
  await home.plugins.configure([route("worker")]);
  assertEquals((await home.plugins.runner.run(job("worker")))?.outcome, "done");
});

Deno.test("what takes the links away runs before the plugin, in processes that may write, and in no other", () => {
  const preloaded = (grants: Grant[]) => {
    const paths = { readable: [], root: ROOT, importMap: "x", lock: [], code: [], hidden: [] };
    const all = processArguments(paths, { plugin: "p", grants, denied: [], heapMiB: 100 });
    return all.filter((argument) => argument.startsWith("--preload"));
  };
  const grant = (kind: Grant["kind"]): Grant => ({ kind, target: "/data", route: "r", why: "here" });
  assertEquals(preloaded([grant("write")]), [`--preload=${ROOT}/lib/sandbox/no_links.ts`]);
  assertEquals(preloaded([grant("read"), grant("net")]), []);
});
