/** What Linux knows of a process; on other systems nothing. @module */

/** Bytes of resident memory; null where the system does not tell. */
export function residentBytes(pid: number): number | null {
  try {
    const kib = /^VmRSS:\s+(\d+) kB/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1];
    return kib === undefined ? null : Number(kib) * 1024;
  } catch {
    return null;
  }
}

/** Makes the kernel end this process before the relay when the machine's memory is short. */
export function offerToKernel(pid: number): void {
  try {
    Deno.writeTextFileSync(`/proc/${pid}/oom_score_adj`, "1000");
  } catch {
    // another system, or it has ended
  }
}
