/** Every plugin in `hostile/` is refused or contained, with the message a user needs, while its neighbour's work goes on. */
import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { join } from "@std/path";
import type { Job, Result } from "../../lib/dispatch/contract.ts";
import type { PluginRoute } from "../../lib/sandbox/plugins.ts";
import { HOSTILE, type House, house, job, ROOT, route } from "./support.ts";
import { until } from "../support/until.ts";

const NEIGHBOUR = `export default { async run(_event, { log }) {
  await new Promise((resolve) => setTimeout(resolve, 5));
  log.info("the neighbour has worked");
} };`;

const LIMITS = { stallMs: 1000, graceMs: 300, loadMs: 3000, heapMiB: 64, memoryMiB: 256, minRestartMs: 50 };

interface Attack {
  result: Result | null;
  home: House;
  /** Deliveries of the neighbour that were made meanwhile. */
  meanwhile: number;
}

/** Lets a hostile plugin run beside one that means well, and checks what must hold in every case. */
async function attack(
  name: string,
  check: (attack: Attack) => unknown,
  { on = {}, run = {}, prepare }: {
    on?: Partial<PluginRoute>;
    run?: Partial<Job>;
    prepare?: (home: string) => Promise<unknown>;
  } = {},
) {
  const secrets = {
    ".env": "SECRET=treasure",
    "config.json": `{"secret":"treasure"}`,
    "data/relay.db": "treasure",
  };
  await using home = await house({ "neighbour.ts": NEIGHBOUR }, {
    limits: LIMITS,
    env: (variable) => variable === "STOLEN" ? "treasure" : Deno.env.get(variable),
  });
  for (const [path, text] of Object.entries(secrets)) await home.write(path, text);
  await prepare?.(home.base);
  await home.write(`plugins/${name}.ts`, await source(name));
  await until(`${name} is looked at`, () => {
    const found = home.plugins.descriptions().find((one) => one.name === name);
    return found !== undefined && (found.usable || found.error?.stage !== "find");
  });
  await home.plugins.configure([route("neighbour"), route(name, on)]);
  const { runner } = home.plugins;
  let over = false;
  let meanwhile = 0;
  const neighbour = (async () => {
    do {
      const result = await runner.run(job("neighbour", { timeoutMs: 5000 }));
      assertEquals(result?.outcome, "done", "the neighbour's work goes on");
      meanwhile++;
    } while (!over);
  })();
  const result = await runner.run(job(name, { timeoutMs: 1000, ...run }));
  over = true;
  await neighbour;
  await check({ result, home, meanwhile });
  for (const { text } of home.logs) assert(!text.includes("treasure"), `something was stolen: ${text}`);
  for (const [path, text] of Object.entries(secrets)) {
    assertEquals(await Deno.readTextFile(join(home.base, path)), text);
  }
  assertEquals(await Deno.readTextFile(join(home.folder, "neighbour.ts")), NEIGHBOUR);
}

/** Those that import what is not there are no `.ts`, since they would not pass the check of types. */
function source(name: string): Promise<string> {
  return Deno.readTextFile(join(HOSTILE, `${name}.ts`)).catch(() =>
    Deno.readTextFile(join(HOSTILE, `${name}.txt`))
  );
}

/** The attempt failed with this error. */
function failed(attempt: Attack, outcome: Result["outcome"], error: RegExp) {
  assertMatch(attempt.result?.error ?? "no error", error);
  assertEquals(attempt.result?.outcome, outcome);
}

/** The plugin cannot be used, for this reason. */
function unusable({ result, home }: Attack, name: string, reason: RegExp) {
  assertEquals(result, null);
  assertMatch(statusOf(home, name)?.lastError ?? "no error", reason);
}

function statusOf(home: House, name: string) {
  return home.plugins.status().find((status) => status.name === name);
}

/** It was noted that the plugin tried this. */
function noted({ home }: Attack, name: string, kind: string, target: RegExp) {
  const refused = statusOf(home, name)?.refused ?? [];
  assert(
    refused.some((access) => access.kind === kind && target.test(access.target)),
    `noted only ${JSON.stringify(refused)}`,
  );
}

const hostile = (
  name: string,
  what: string,
  check: (attack: Attack) => unknown,
  how?: Parameters<typeof attack>[2],
) => Deno.test(`${what} (${name})`, () => attack(name, check, how));

// What a module may not load.
hostile("static_env", "a static import of .env is refused", (it) => {
  unusable(
    it,
    "static_env",
    /^static_env\.ts:2: Requires read access to ".*\.env", which its route does not grant$/,
  );
  noted(it, "static_env", "read", /\.env$/);
});
hostile("static_json", "a static import of config.json is refused", (it) => {
  unusable(it, "static_json", /Requires read access to ".*config\.json"/);
});
hostile("static_through_helper", "a helper's static import of .env is refused", (it) => {
  unusable(it, "static_through_helper", /^_helper\.ts:1: Requires read access to ".*\.env"/);
}, {
  prepare: (home) =>
    Deno.writeTextFile(
      join(home, "plugins/_helper.ts"),
      'import secret from "../.env" with { type: "text" };\nexport default secret;\n',
    ),
});
hostile("dynamic_env", "a dynamic import of .env is refused", (it) => {
  failed(it, "retry", /Requires read access to ".*\.env"/);
  noted(it, "dynamic_env", "read", /\.env$/);
});
hostile("static_database", "a static import of the store is refused", (it) => {
  unusable(it, "static_database", /^static_database\.ts:2: Requires read access to ".*relay\.db"/);
  noted(it, "static_database", "read", /relay\.db$/);
});
hostile("static_env_json", "a static import of .env as JSON is refused before it is read", (it) => {
  unusable(it, "static_env_json", /Requires read access to ".*\.env"/);
});
hostile(
  "dynamic_imports",
  "dynamic imports of .env, config.json and the store are refused, as text and as JSON",
  (it) => {
    const refused = [".env", "config.json", "data/relay.db"].flatMap((file) =>
      ["text", "json"].map((type) => `${file} as ${type}: .*Requires read access to "[^"]*${file}"`)
    );
    failed(it, "retry", new RegExp(refused.join(".*\n.*"), "s"));
  },
);
hostile("import_from_data", "an import in a data: URL is refused", (it) => {
  failed(it, "retry", /Requires read access to ".*\.env"/);
});
hostile("slow_import", "an import that never ends is ended", (it) => {
  unusable(it, "slow_import", /did not load within 3 s/);
});
hostile("no_plugin", "a module without a plugin is told what it lacks", (it) => {
  unusable(
    it,
    "no_plugin",
    /has no default export, but one called `run`: write `export default \{ fields: .* run/,
  );
});

// What a file may not be read or written by.
hostile("read_database", "reading the store is refused", (it) => {
  failed(
    it,
    "retry",
    /Requires read access to ".*relay\.db", which its route does not grant \(read_database\.ts:4\)/,
  );
  noted(it, "read_database", "read", /relay\.db$/);
});
hostile("node_fs", "node:fs is held to the same permissions", (it) => {
  failed(it, "retry", /Requires read access to ".*\.env"/);
});
hostile("node_fs", "what is hidden stays so, whatever is granted", (it) => {
  failed(it, "retry", /Requires read access to ".*\.env"/);
}, { on: { allow: { read: ["."] } } });
hostile("fetch_file", "fetching a file is held to the same permissions", (it) => {
  failed(it, "retry", /Requires read access to ".*\.env"/);
});
hostile("link_out", "a symbolic link out of the folder is not followed", (it) => {
  failed(it, "retry", /Requires read access to ".*notes\.txt"/);
}, { prepare: (home) => Deno.symlink("../.env", join(home, "plugins/notes.txt")) });
hostile("write_plugin", "no plugin writes into the plugins folder, whatever is granted", (it) => {
  failed(it, "retry", /Requires write access to ".*neighbour\.ts"/);
}, { on: { allow: { write: ["."] } } });

// What a worker has no more rights for.
for (const name of ["worker_data", "worker_blob", "worker_nested"]) {
  hostile(name, "a worker has no rights that its plugin has not", (it) => {
    failed(it, "retry", /Requires read access to ".*\.env"/);
  });
}
hostile("worker_unheard", "a worker that fails ends nobody else", ({ result, home }) => {
  assertNotEquals(result, null);
  assert(home.logged("from a worker"), "its error is logged");
});

// What a process may not do.
hostile("child_process", "running a program is refused", (it) => {
  failed(it, "retry", /Requires (env|run) access/);
});
hostile("deno_command", "running Deno is refused", (it) => {
  failed(it, "retry", /Requires (read|run) access/);
});
hostile("environment", "the environment is not there to be read", (it) => {
  failed(it, "retry", /Requires env access to "STOLEN"/);
  assertMatch(it.home.logs.find(({ text }) => text.startsWith("found"))!.text, /^found: (NotCapable ?){3}$/);
});
hostile("environment", "a variable is readable when it is granted", ({ result, home }) => {
  assertEquals(result?.outcome, "done");
  assert(home.logged("found: "));
  home.logs.length = 0; // granted, so not stolen
}, { on: { allow: { env: ["STOLEN"] } } });
hostile("ffi", "a native library is refused", (it) => {
  failed(it, "retry", /Requires ffi access/);
  noted(it, "ffi", "ffi", /^libc|\*/);
});
hostile("open_kv", "a database of its own is not there to be had", (it) => {
  failed(it, "retry", /openKv is not a function|Requires/);
});
hostile("kill_relay", "ending another process is refused", (it) => {
  failed(it, "retry", /Requires (env|run) access/);
});

// What a process is ended for.
hostile("busy_loop", "a loop without end is ended", (it) => {
  failed(it, "timeout", /its process did not answer for 1 s, and was ended: look for a loop without end/);
  assert(it.meanwhile > 5, "the neighbour worked meanwhile");
}, { run: { timeoutMs: 60_000 } });
hostile("microtasks", "microtasks without end are ended", (it) => {
  failed(it, "timeout", /its process did not answer for 1 s/);
}, { run: { timeoutMs: 60_000 } });
hostile("regular_expression", "a regular expression that backtracks is ended", (it) => {
  failed(it, "timeout", /or a regular expression that backtracks/);
}, { run: { timeoutMs: 60_000 } });
hostile("busy_later", "a loop that begins when the run has ended is ended", async ({ result, home }) => {
  assertEquals(result?.outcome, "done");
  await until("its process was ended", () => statusOf(home, "busy_later")?.deaths === 1);
  assertMatch(statusOf(home, "busy_later")!.lastError!, /did not answer/);
});
hostile("allocate_objects", "a full heap ends only its own process", (it) => {
  failed(it, "crashed", /its process ran out of memory/);
}, { run: { timeoutMs: 60_000 } });
hostile("allocate_buffers", "memory outside of the heap is bounded", (it) => {
  failed(it, "crashed", /its process took more than 256 MiB of memory/);
}, { run: { timeoutMs: 60_000 } });
hostile("exit", "Deno.exit() ends only its own process", (it) => {
  failed(it, "crashed", /ended itself with exit code 0: a plugin must not call Deno\.exit\(\)/);
});
hostile("never", "a run that never ends is ended", (it) => {
  failed(it, "timeout", /did not end within 1 s, nor when its signal was aborted/);
});
hostile("endless_line", "a line that never ends is ended", (it) => {
  failed(it, "crashed", /its process wrote a line of more than 4194304 bytes, and was ended/);
}, { run: { timeoutMs: 60_000 } });

// What is told apart.
hostile("forged_shape", "what a process says of its plugin is held to its form", ({ home }) => {
  const found = home.plugins.descriptions().find(({ name }) => name === "forged_shape")!;
  const { description, filters, hasOptions, needsOptions, optionsSchema, error } = found;
  const told = { description, filters, hasOptions, needsOptions, optionsSchema, error };
  assertEquals<unknown>(told, {
    description: null,
    filters: {},
    hasOptions: false,
    needsOptions: false,
    optionsSchema: null,
    error: null,
  });
});
hostile("forged_failure", "what a process says of a failure is held to its form", (it) => {
  unusable(it, "forged_failure", /^why$/);
  const { error } = it.home.plugins.descriptions().find(({ name }) => name === "forged_failure")!;
  assertEquals(error, { stage: "import", message: "why", file: null, line: null });
});
hostile("garbage", "what a plugin prints is no protocol", ({ result, home }) => {
  assertEquals(result?.outcome, "done");
  assert(home.logged("garbage"));
});
hostile("flood_log", "a flood of log lines is dammed", (it) => {
  failed(it, "timeout", /./);
  const lines = it.home.logs.filter(({ plugin }) => plugin === "flood_log").length;
  assert(lines < 10_000, `${lines} lines were kept`);
  assert(it.home.logged("logged too fast: "), "what was dropped is counted");
});
hostile("flood_reads", "a flood of reads is dammed", (it) => {
  failed(it, "timeout", /./);
  assert(it.meanwhile > 5, "the neighbour worked meanwhile");
});
hostile("flood_newlines", "a flood of empty lines holds up nobody else", (it) => {
  failed(it, "timeout", /./);
  assert(it.meanwhile > 20, `the neighbour worked ${it.meanwhile} times meanwhile`);
});
Deno.test("what a process does not read is not kept for it (unheard_reads)", async () => {
  let reads = 0;
  const kvGet = () => {
    reads++;
    return Promise.resolve(JSON.stringify("x".repeat(65_000)));
  };
  await attack("unheard_reads", (it) => {
    failed(it, "timeout", /its process did not answer for 1 s/);
    assert(reads < 100, `${reads} values were fetched`);
  }, { run: { timeoutMs: 60_000, kvGet } });
});
hostile("reject_later", "failing after a success is logged, and ends nothing", async ({ result, home }) => {
  assertEquals(result?.outcome, "done");
  await until(
    "both are logged",
    () => home.logged("outside of a run: too late") && home.logged("outside of a run: far too late"),
  );
  assertEquals(statusOf(home, "reject_later")?.deaths, 0);
});
hostile("throws", "what cannot be read can be thrown", (it) => {
  failed(it, "retry", /threw something that cannot be described/);
});
hostile("globals", "replaced globals break nothing", ({ result }) => {
  assertEquals(result?.outcome, "done");
});
hostile("vandal", "broken prototypes break nobody else", ({ result }) => {
  assertNotEquals(result, undefined);
}, { run: { timeoutMs: 500 } });
hostile("steal_stdin", "who reads the relay's words is ended", ({ result }) => {
  assertEquals(result?.outcome, "timeout");
}, { run: { timeoutMs: 500 } });
hostile("emit_much", "more events than may be made are refused", (it) => {
  failed(it, "retry", /emit: at most 100 events may be made in one run/);
});
hostile("remember_much", "more than may be remembered is refused", (it) => {
  failed(it, "retry", /kv "page": 100002 bytes of JSON, at most 65536 are kept/);
});

Deno.test("what one plugin leaves in the runtime's storage, no other finds (shared_storage)", async () => {
  const source = { copy: join(HOSTILE, "shared_storage.ts") };
  const names = ["a", "b"].map((letter) => `${letter}${crypto.randomUUID().slice(0, 8)}`);
  const cache = await Deno.makeTempDir(); // what the runtime stores is not to be left here
  const env = (name: string) => name === "DENO_DIR" ? cache : Deno.env.get(name);
  await using home = await house(Object.fromEntries(names.map((name) => [`${name}.ts`, source])), { env });
  await home.plugins.configure(names.map((name) => route(name)));
  for (const name of names) {
    const result = await home.plugins.runner.run(job(name));
    assertEquals(result?.emitted[0]?.data, { local: "nothing", cached: "nothing", caches: "undefined" });
  }
  const again = await home.plugins.runner.run(job(names[0]!));
  assertEquals(
    again?.emitted[0]?.data["cached"],
    "left",
    "it was stored where only the plugin itself finds it",
  );
  await home.plugins.stop(1000);
  await Deno.remove(cache, { recursive: true });
});

Deno.test("every hostile plugin is tried", async () => {
  const here = await Deno.readTextFile(import.meta.filename!) +
    await Deno.readTextFile(join(ROOT, "tests/sandbox/network_test.ts"));
  for await (const { name } of Deno.readDir(HOSTILE)) {
    assert(here.includes(name.replace(/\.\w+$/, "")), `${name} is not tried`);
  }
});
