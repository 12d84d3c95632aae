/** A process of its own with a store open, to be killed. @module */

/** What {@linkcode startChild} started. */
export interface Child {
  /** Waits until a line it prints is as asked; answers all lines so far. */
  line(isIt: (line: string, count: number) => boolean): Promise<string[]>;
  /** Ends it with SIGKILL. */
  kill(): Promise<void>;
}

/** Runs `sqlite_child.ts` on a file. */
export function startChild(what: "append" | "hold", file: string): Child {
  const map = new URL("../../.imports.json", import.meta.url).pathname;
  const main = new URL("./sqlite_child.ts", import.meta.url).pathname;
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "--no-lock", `--import-map=${map}`, "-A", main, what, file],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const lines: string[] = [];
  let rest = "";
  return {
    async line(isIt) {
      for (let seen = 0;;) {
        for (; seen < lines.length; seen++) if (isIt(lines[seen]!, seen + 1)) return lines;
        const { value, done } = await reader.read();
        if (done) throw new Error(`it ended: ${lines.join(" | ")}`);
        const parts = (rest + value).split("\n");
        rest = parts.pop()!;
        lines.push(...parts);
      }
    },
    async kill() {
      process.kill("SIGKILL");
      await reader.cancel();
      await process.status;
    },
  };
}
