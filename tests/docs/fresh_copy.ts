/** The project as somebody has it who has just fetched it, and a shell in it. @module */
import { dirname, fromFileUrl, join } from "@std/path";
import { freePort } from "../support/free_port.ts";
import { until } from "../support/until.ts";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));
/** With this set, the copy also has a HOME of its own, and only Node.js: `deno` is `npx -y deno@2`. */
const FRESH = Deno.env.get("DOCS_FRESH") === "1";

const PATIENCE_MS = 120_000;

/** A fresh copy. Dispose of it at the end. */
export type FreshCopy = Awaited<ReturnType<typeof makeFreshCopy>>;

/** What a command left behind. */
export interface Ran {
  code: number;
  said: string;
}

/** Copies what is in the repository, on ports that are free. */
export async function makeFreshCopy() {
  const folder = await Deno.makeTempDir({ prefix: "coinrelay-docs-" });
  const home = join(folder, ".home");
  await Deno.mkdir(join(home, "bin"), { recursive: true });
  for (const file of await repositoryFiles()) {
    await Deno.mkdir(join(folder, dirname(file)), { recursive: true });
    await Deno.copyFile(join(ROOT, file), join(folder, file));
  }
  const example = join(folder, "config.example.json");
  const text = await Deno.readTextFile(example);
  await Deno.writeTextFile(example, text.replace("8080", `${freePort()}`).replace("8081", `${freePort()}`));

  const deno = join(home, "bin", "deno");
  const program = FRESH ? "npx -y deno@2" : Deno.execPath();
  await Deno.writeTextFile(deno, `#!/bin/sh\nexec ${program} "$@"\n`, { mode: 0o755 });
  const env = {
    PATH: `${join(home, "bin")}:${Deno.env.get("PATH")}`,
    ...(FRESH ? { HOME: home, DENO_DIR: join(home, "deno") } : {}),
    INIT_CWD: folder, // or the task that runs the tests would say where the reader stands
    NO_COLOR: "1",
  };
  let relay: { child: Deno.ChildProcess; said(): string; done: Promise<unknown> } | null = null;

  return {
    folder,
    /** Runs one line as a shell does. */
    async run(command: string): Promise<Ran> {
      const { code, stdout, stderr } = await new Deno.Command("sh", {
        args: ["-c", command],
        cwd: folder,
        env,
        stdin: "null",
        signal: AbortSignal.timeout(PATIENCE_MS),
      }).output();
      return { code, said: [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("") };
    },
    /** `deno task start`, in a terminal of its own. */
    async start(): Promise<void> {
      const child = new Deno.Command("sh", {
        args: ["-c", "exec deno task start"],
        cwd: folder,
        env,
        detached: true, // a group of its own, as a terminal gives it
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      let said = "";
      const read = async (stream: ReadableStream<Uint8Array>) => {
        for await (const text of stream.pipeThrough(new TextDecoderStream())) said += text;
      };
      let ended = false;
      const done = Promise.all([
        read(child.stdout),
        read(child.stderr),
        child.status.then(() => ended = true),
      ]);
      relay = { child, done, said: () => said };
      await until("the relay listens", () => {
        if (ended) throw new Error(`The relay ended:\n${said}`);
        return said.includes("dashboard at ");
      }, PATIENCE_MS);
    },
    /** What the relay's terminal shows. */
    shown: () => relay?.said() ?? "",
    running: () => relay !== null,
    async stop(): Promise<void> {
      if (relay === null) return;
      const { child: { pid }, done } = relay;
      relay = null;
      Deno.kill(-pid, "SIGINT"); // as Ctrl+C does: to all of the terminal's programs
      await done;
    },
    async [Symbol.asyncDispose]() {
      await this.stop();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

async function repositoryFiles(): Promise<string[]> {
  const { stdout } = await new Deno.Command("git", {
    args: ["-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
  }).output();
  const files = new TextDecoder().decode(stdout).split("\0");
  return files.filter((file) => file !== "" && exists(join(ROOT, file)));
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
