/** How much of the processor a process takes. @module */

/** Processor time that a process has taken, in milliseconds: from Linux's `/proc`, whose clock ticks each 10 ms. */
export function cpuMs(pid: number): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ").at(-1)!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
