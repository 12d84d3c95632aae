/**
 * What Linux knows of processes; on other systems nothing. Deno lets nobody near `/proc` without `-A`, so a small shell
 * that forks nothing looks there for us.
 *
 * @module
 */
import { lineSplitter } from "./line_splitter.ts";

/** Asks the kernel about processes. */
export interface Kernel {
  /** Bytes of resident memory; null where the system does not tell. */
  residentBytes(pid: number): Promise<number | null>;
  /** Makes the kernel end this process before the relay when the machine's memory is short. */
  offer(pid: number): void;
  close(): Promise<void>;
}

/** The shell; null where there is none to ask. */
export const SHELL = Deno.build.os === "linux" ? "/bin/sh" : null;
/** Takes `rss PID` and answers with KiB, or with nothing; takes `offer PID`. Ends with its input. */
const SCRIPT = `
while read -r what pid; do
  if [ "$what" = offer ]; then echo 1000 > /proc/$pid/oom_score_adj; continue; fi
  kib=
  while read -r name value _; do
    if [ "$name" = VmRSS: ]; then kib=$value; break; fi
  done < /proc/$pid/status
  echo "$kib"
done 2> /dev/null`;
const MOST_LINE_BYTES = 100;

/** Begins to ask. Where there is no shell, or no Linux, every answer is null. */
export function askKernel(): Kernel {
  const shell = startShell();
  if (shell === null) return { residentBytes: () => Promise.resolve(null), offer() {}, async close() {} };
  const stdin = shell.stdin.getWriter();
  const encoder = new TextEncoder();
  const waiting: ((answer: number | null) => void)[] = [];
  let over = false;

  const tell = (line: string) => void stdin.write(encoder.encode(`${line}\n`)).catch(() => {});
  const reading = (async () => {
    const split = lineSplitter(MOST_LINE_BYTES);
    for await (const chunk of shell.stdout) {
      for (const line of split(chunk)) waiting.shift()?.(line === "" ? null : Number(line) * 1024);
    }
  })().catch(() => {}).finally(() => {
    over = true;
    for (const answer of waiting.splice(0)) answer(null);
  });

  return {
    residentBytes(pid) {
      if (over) return Promise.resolve(null);
      const { promise, resolve } = Promise.withResolvers<number | null>();
      waiting.push(resolve);
      tell(`rss ${pid}`);
      return promise;
    },
    offer: (pid) => tell(`offer ${pid}`),
    async close() {
      await stdin.close().catch(() => {});
      await reading;
      await shell.status;
    },
  };
}

function startShell(): Deno.ChildProcess | null {
  if (SHELL === null) return null;
  try {
    return new Deno.Command(SHELL, {
      args: ["-c", SCRIPT],
      clearEnv: true,
      detached: true, // a Ctrl+C is for the relay alone
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
  } catch {
    return null;
  }
}
