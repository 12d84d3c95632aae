/** How much memory a process takes. @module */

/** A process's own share of memory (PSS) and what is resident (RSS), in MiB. */
export interface Memory {
  pss: number;
  rss: number;
}

/** Reads it from Linux's `/proc`. */
export function memoryOf(pid: number): Memory {
  const text = Deno.readTextFileSync(`/proc/${pid}/smaps_rollup`);
  const mib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1]) / 1024;
  return { pss: mib("Pss"), rss: mib("Rss") };
}

/** The processes that `pid` has started. */
export function childrenOf(pid: number): number[] {
  return [...Deno.readDirSync(`/proc/${pid}/task`)].flatMap(({ name }) =>
    Deno.readTextFileSync(`/proc/${pid}/task/${name}/children`).trim().split(" ").filter(Boolean).map(Number)
  );
}
