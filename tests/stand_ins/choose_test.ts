/** `deno task imports`, where the program's folder is not the user's own. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));

/** A folder with what the task needs, that may not be written. */
async function makeInstalled(imports: string | null) {
  const folder = await Deno.makeTempDir({ prefix: "coinrelay-installed-" });
  await Deno.mkdir(join(folder, "lib", "stand_ins"), { recursive: true });
  for (const file of ["deno.json", "lib/stand_ins/choose.ts", "lib/task_help.ts", "lib/message_of.ts"]) {
    await Deno.copyFile(join(ROOT, file), join(folder, file));
  }
  if (imports !== null) await Deno.writeTextFile(join(folder, ".imports.json"), imports);
  await Deno.chmod(folder, 0o555);
  return {
    folder,
    /** Root may write everywhere but for the capabilities that it gives up here. */
    async choose(std = "stand-ins") {
      const task = [
        Deno.execPath(),
        "run",
        "--quiet",
        "--no-config",
        "--no-lock",
        "-A",
        "lib/stand_ins/choose.ts",
      ];
      const [program, ...args] = Deno.uid() === 0
        ? ["setpriv", "--bounding-set=-all", "--inh-caps=-all", ...task]
        : task;
      const { code, stderr } = await new Deno.Command(program!, {
        args,
        cwd: folder,
        env: { COINRELAY_STD: std, NO_COLOR: "1" },
      }).output();
      return { code, said: new TextDecoder().decode(stderr) };
    },
    async [Symbol.asyncDispose]() {
      await Deno.chmod(folder, 0o755);
      await Deno.remove(folder, { recursive: true });
    },
  };
}

const ignore = Deno.build.os !== "linux";

for (const [what, imports] of [["no import map", null], ["another version's import map", "{}\n"]] as const) {
  Deno.test(
    `with ${what} in a folder that may not be written, it says what to run, and where`,
    { ignore },
    async () => {
      await using installed = await makeInstalled(imports);
      const { code, said } = await installed.choose();
      assertEquals(code, 1, said);
      assertStringIncludes(
        said,
        `cannot write .imports.json: run \`sudo deno task imports\` in the program's folder, ${installed.folder}/`,
      );
      assertEquals(said.trim().split("\n").length, 1);
    },
  );
}

Deno.test(
  "a right import map in a folder that may not be written goes on, however old",
  { ignore },
  async () => {
    const { imports } = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.json"))) as {
      imports: Record<string, string>;
    };
    const standIns = ["assert", "crypto", "dotenv", "http", "path"]
      .map((name) => [`@std/${name}`, `./lib/stand_ins/${name}.ts`]);
    const right = {
      ...imports,
      ...Object.fromEntries(standIns),
      "@std/crypto/timing-safe-equal": "./lib/stand_ins/crypto.ts",
      "@std/http/status": "./lib/stand_ins/http.ts",
    };
    await using installed = await makeInstalled(`${JSON.stringify({ imports: right }, null, 2)}\n`);
    await Deno.utime(join(installed.folder, ".imports.json"), 0, 0);
    assertEquals(await installed.choose(), { code: 0, said: "" });
  },
);

Deno.test(
  "a COINRELAY_STD that leads to no standard library is told in one line, with what is permitted",
  { ignore },
  async () => {
    const projects = await Deno.makeTempDir();
    try {
      for (const [name, text] of [["a", '{"name": "@me/a"}'], ["b", "{}"], ["c", "// no JSON"]] as const) {
        await Deno.mkdir(join(projects, name));
        await Deno.writeTextFile(join(projects, name, "deno.json"), text);
      }
      await using installed = await makeInstalled(null);
      for (
        const [std, problem] of [["standins", "No such file or directory"], [
          projects,
          "there is no standard library",
        ]] as const
      ) {
        const { code, said } = await installed.choose(std);
        assertEquals([code, said.trim().split("\n").length], [1, 1], said);
        assertStringIncludes(said, `COINRELAY_STD=${std}: ${problem}`);
        assertStringIncludes(said, "Give jsr, stand-ins, or the folder of a checkout");
      }
    } finally {
      await Deno.remove(projects, { recursive: true });
    }
  },
);

/** The names that come from the standard library, with where they lead in an import map. */
async function standardIn(file: string): Promise<[string, string][]> {
  const { imports } = JSON.parse(await Deno.readTextFile(file)) as { imports: Record<string, string> };
  return Object.entries(imports).filter(([name]) => name.startsWith("@std/"));
}

/** A project of one's own, whose tasks choose while JSR answers so. */
async function makeProject(jsrAnswers: boolean) {
  const folder = await Deno.makeTempDir({ prefix: "coinrelay-imports-" });
  await Deno.mkdir(join(folder, "lib", "stand_ins"), { recursive: true });
  for (const file of ["deno.json", "lib/stand_ins/choose.ts", "lib/task_help.ts", "lib/message_of.ts"]) {
    await Deno.copyFile(join(ROOT, file), join(folder, file));
  }
  const jsr = join(folder, "jsr.ts");
  const answer = jsrAnswers
    ? 'Promise.resolve(new Response("{}"))'
    : 'Promise.reject(new TypeError("no network"))';
  await Deno.writeTextFile(
    jsr,
    `let asked = 0;
globalThis.fetch = () => { asked++; return ${answer}; };
addEventListener("unload", () => console.log(asked));`,
  );
  const map = join(folder, ".imports.json");
  return {
    folder,
    map,
    /** Runs the task; answers where the names lead now, and how often JSR was asked. */
    async choose(std?: string): Promise<{ from: "jsr" | "stand-ins" | "elsewhere"; asked: number }> {
      const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: [
          ...[
            "run",
            "--quiet",
            "--no-config",
            "--no-lock",
            "-A",
            `--preload=${jsr}`,
            "lib/stand_ins/choose.ts",
          ],
        ],
        cwd: folder,
        env: { COINRELAY_STD: std ?? "", NO_COLOR: "1" },
      }).output();
      assertEquals(new TextDecoder().decode(stderr), "");
      const targets = (await standardIn(map)).map(([, target]) => target);
      const all = (begin: string) => targets.every((target) => target.startsWith(begin));
      return {
        from: all("jsr:@std/") ? "jsr" : all("./lib/stand_ins/") ? "stand-ins" : "elsewhere",
        asked: Number(new TextDecoder().decode(stdout)),
      };
    },
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

Deno.test("the library comes from JSR where that answers, else from the stand-ins, and JSR is asked again a day later", async () => {
  await using without = await makeProject(false);
  assertEquals(await without.choose(), { from: "stand-ins", asked: 1 });
  assertEquals(await without.choose(), { from: "stand-ins", asked: 0 });
  const twoDaysAgo = Date.now() / 1000 - 2 * 86_400;
  await Deno.utime(without.map, twoDaysAgo, twoDaysAgo);
  assertEquals(await without.choose(), { from: "stand-ins", asked: 1 });
  assertEquals(await without.choose(), { from: "stand-ins", asked: 0 });

  await using with_ = await makeProject(true);
  assertEquals(await with_.choose(), { from: "jsr", asked: 1 });
  await Deno.utime(with_.map, twoDaysAgo, twoDaysAgo);
  assertEquals(await with_.choose(), { from: "jsr", asked: 0 });
  await Deno.copyFile(without.map, with_.map);
  assertEquals(await with_.choose(), { from: "stand-ins", asked: 0 });
  await Deno.utime(with_.map, twoDaysAgo, twoDaysAgo);
  assertEquals(await with_.choose(), { from: "jsr", asked: 1 });
});

Deno.test("COINRELAY_STD decides by hand, and asks nobody", async () => {
  await using project = await makeProject(false);
  assertEquals(await project.choose("jsr"), { from: "jsr", asked: 0 });
  assertEquals(await project.choose("stand-ins"), { from: "stand-ins", asked: 0 });
  const checkout = join(project.folder, "std");
  for (
    const [name, exports] of [
      ["path", { ".": "./mod.ts" }],
      ["crypto", { ".": "./mod.ts", "./timing-safe-equal": "./timing_safe_equal.ts" }],
      ["fs", "./mod.ts"],
    ] as const
  ) {
    await Deno.mkdir(join(checkout, name), { recursive: true });
    await Deno.writeTextFile(
      join(checkout, name, "deno.json"),
      JSON.stringify({ name: `@std/${name}`, exports }),
    );
  }
  assertEquals(await project.choose(checkout), { from: "elsewhere", asked: 0 });
  const found = Object.fromEntries(await standardIn(project.map));
  assertEquals(
    ["@std/path", "@std/crypto", "@std/crypto/timing-safe-equal", "@std/fs"].map((name) => found[name]),
    ["path/mod.ts", "crypto/mod.ts", "crypto/timing_safe_equal.ts", "fs/mod.ts"].map((file) =>
      `file://${checkout}/${file}`
    ),
  );
});
