/** How much of the processor a process, or a thread of it, takes. @module */

/** Processor time that a process has taken, in milliseconds: from Linux's `/proc`, whose clock ticks each 10 ms. */
export function cpuMs(pid: number): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ").at(-1)!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Processor time that a thread of a process has taken, in milliseconds: from Linux's `/proc`. */
export function threadMs(pid: number, thread: number | string): number {
  return Number(Deno.readTextFileSync(`/proc/${pid}/task/${thread}/schedstat`).split(" ")[0]) / 1e6;
}
