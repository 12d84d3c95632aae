/** Packages that a plugin imports. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { until } from "../support/until.ts";
import { house, job, route } from "./support.ts";

/** A package registry with one package, whose install script would leave a trace. More of its versions may be published. */
async function startRegistry(trace: string) {
  const scripts = { postinstall: `touch ${trace}`, install: `touch ${trace}`, preinstall: `touch ${trace}` };
  const published = new Map<string, Uint8Array<ArrayBuffer>>();
  const publish = async (version: string, word = "from the package") => {
    const files = {
      "package/package.json": JSON.stringify({ name: "tiny", version, main: "index.js", scripts }),
      "package/index.js": `module.exports = ${JSON.stringify({ word, version })};`,
    };
    published.set(version, await gzip(tar(files)));
  };
  const described = async (version: string, tarball: string) => {
    const digest = await crypto.subtle.digest("SHA-512", published.get(version)!);
    const dist = { tarball, integrity: "sha512-" + base64(new Uint8Array(digest)) };
    return { name: "tiny", version, dist, scripts, hasInstallScript: true };
  };
  await publish("1.0.0");
  const asked: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname, origin } = new URL(request.url);
    asked.push(pathname);
    const [, version] = /^\/tiny-(.*)\.tgz$/.exec(pathname) ?? [];
    if (version !== undefined) return new Response(published.get(version) ?? null);
    if (pathname !== "/tiny") return new Response("no such package", { status: 404 });
    const versions = await Promise.all(
      [...published.keys()].map(async (one) =>
        [one, await described(one, `${origin}/tiny-${one}.tgz`)] as const
      ),
    );
    const latest = versions.at(-1)![0];
    return Response.json({ name: "tiny", "dist-tags": { latest }, versions: Object.fromEntries(versions) });
  });
  return {
    asked,
    publish,
    url: `http://127.0.0.1:${server.addr.port}/`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function tar(files: Record<string, string>): Uint8Array<ArrayBuffer> {
  const blocks: number[] = [];
  const encoder = new TextEncoder();
  for (const [name, text] of Object.entries(files)) {
    const header = new Uint8Array(512);
    const put = (at: number, value: string) => header.set(encoder.encode(value), at);
    const octal = (value: number, digits: number) => value.toString(8).padStart(digits, "0");
    const body = encoder.encode(text);
    put(0, name);
    put(100, octal(0o644, 7));
    put(108, octal(0, 7));
    put(116, octal(0, 7));
    put(124, octal(body.length, 11));
    put(136, octal(0, 11));
    put(148, "        ");
    put(156, "0");
    put(257, "ustar\u000000");
    put(148, octal(header.reduce((sum, byte) => sum + byte, 0), 6) + "\0 ");
    blocks.push(...header, ...body, ...new Uint8Array((512 - body.length % 512) % 512));
  }
  return new Uint8Array([...blocks, ...new Uint8Array(1024)]);
}

async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

const base64 = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes));

Deno.test("a package is fetched when a plugin is loaded, its install scripts are not run, and nothing is fetched later", async () => {
  const cache = await Deno.makeTempDir();
  const trace = join(cache, "script-was-run");
  await using registry = await startRegistry(trace);
  const variables: Record<string, string> = {
    DENO_DIR: cache,
    NPM_CONFIG_REGISTRY: registry.url,
    HOME: cache,
  };
  const env = (name: string) => variables[name];
  await using home = await house({
    "packed.ts": `import tiny from "npm:tiny@1";
      export default { async run({ id }, { emit }) {
        if (id === "more") await import("npm:another@1");
        emit("word", { word: tiny.word });
      } };`,
  }, { env });
  await home.plugins.configure([route("packed")]);
  const result = await home.plugins.runner.run(job("packed"));
  assertEquals(result?.emitted[0]?.data, { word: "from the package" });
  const fetched = registry.asked.length;
  assert(registry.asked.includes("/tiny-1.0.0.tgz"));
  const base = job("packed");
  const more = await home.plugins.runner.run({ ...base, event: { ...base.event, id: "more" } });
  assertEquals(more?.outcome, "retry");
  assertMatch(more?.error ?? "", /another/);
  assertEquals(registry.asked.length, fetched, "nothing is fetched while it runs");
  assertEquals(await Deno.stat(trace).then(() => "run", () => "not run"), "not run");
  await Deno.remove(cache, { recursive: true });
});

Deno.test("a package that cannot be had makes the plugin wait, and is asked for again", async () => {
  const cache = await Deno.makeTempDir();
  let registry = await startRegistry(join(cache, "trace"));
  const { url } = registry;
  await registry[Symbol.asyncDispose]();
  const variables: Record<string, string> = { DENO_DIR: cache, NPM_CONFIG_REGISTRY: url, HOME: cache };
  await using home = await house({
    "packed.ts": `import tiny from "npm:tiny@1"; export default { run: () => console.log(tiny.word) };`,
  }, { env: (name) => variables[name], limits: { minRestartMs: 10, maxRestartMs: 100 } });
  const [before] = home.plugins.descriptions();
  assertEquals([before!.usable, before!.error?.stage], [false, "import"]);
  assertMatch(before!.error!.message, /tiny/);
  registry = await startRegistry(join(cache, "trace"));
  variables["NPM_CONFIG_REGISTRY"] = registry.url;
  await until("it is asked for again", () => home.plugins.descriptions()[0]!.usable);
  await registry[Symbol.asyncDispose]();
  await Deno.remove(cache, { recursive: true });
});

/** What a plugin finds that imports any version of the package, its cache empty, with this lock file or none. */
async function foundWith(registry: { url: string }, lock: string | null) {
  const cache = await Deno.makeTempDir();
  const variables: Record<string, string> = {
    DENO_DIR: cache,
    NPM_CONFIG_REGISTRY: registry.url,
    HOME: cache,
  };
  const files = {
    "packed.ts": `import tiny from "npm:tiny@1";
      export default { run: (_event, { emit }) => emit("found", { ...tiny }) };`,
  };
  try {
    await using home = await house(lock === null ? files : { ...files, "deno.lock": lock }, {
      env: (name) => variables[name],
    });
    await home.plugins.configure([route("packed")]);
    const result = await home.plugins.runner.run(job("packed"));
    const types = await home.plugins.checkTypes();
    return {
      version: result?.emitted[0]?.data["version"],
      error: home.plugins.descriptions()[0]!.error?.message,
      types: types?.message,
      lock: await Deno.readTextFile(join(home.folder, "deno.lock")).catch(() => null),
    };
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
}

Deno.test("a lock file in the plugins folder holds packages to the versions, and to the content, that were first fetched", async () => {
  await using registry = await startRegistry("nowhere");
  const unlocked = await foundWith(registry, null);
  assertEquals(unlocked, { version: "1.0.0", error: undefined, types: undefined, lock: null });
  const { lock, ...first } = await foundWith(registry, "{}");
  assertEquals(first, { version: "1.0.0", error: undefined, types: undefined });
  assertEquals(JSON.parse(lock!).specifiers["npm:tiny@1"], "1.0.0");

  await registry.publish("1.1.0");
  assertEquals((await foundWith(registry, null)).version, "1.1.0", "without one it is the newest");
  assertEquals(await foundWith(registry, lock), { ...first, lock });

  await registry.publish("1.0.0", "from somebody else");
  const changed = await foundWith(registry, lock);
  assertEquals(changed.version, undefined);
  assertMatch(changed.error!, /integrity|checksum/i);
});

Deno.test("a lock file that cannot be read is told", async () => {
  await using registry = await startRegistry("nowhere");
  const { version, error } = await foundWith(registry, "{");
  assertEquals(version, undefined);
  assertMatch(error!, /lockfile/);
});
