/** What the system's kernel holds a plugin's process to, whatever the plugin does. @module */

/** How a process is started. */
export interface Launch {
  program: string;
  args: readonly string[];
}

/**
 * Memory that V8 sets aside and mostly never uses, which counts as taken: 512 MiB for compiled code on x86-64, and the
 * stacks of threads. In MiB.
 */
const SET_ASIDE_MIB = 576;
const SHELL = "/bin/sh";
/** Ends this process before the relay when the machine's memory is short; lets it take so many KiB; becomes the program. */
const SCRIPT = '{ echo 1000 > /proc/self/oom_score_adj; ulimit -d "$0"; } 2>/dev/null; exec "$@"';

/**
 * How to start `program` so that the kernel refuses it memory beyond `memoryMiB`: what the plugin's code then asks for
 * fails inside it. Null where that cannot be had; V8's own limit on the heap then is all there is.
 */
export function limited({ program, args }: Launch, memoryMiB: number): Launch | null {
  if (Deno.build.os !== "linux") return null;
  const kib = (memoryMiB + SET_ASIDE_MIB) * 1024;
  return { program: SHELL, args: ["-c", SCRIPT, String(kib), program, ...args] };
}
