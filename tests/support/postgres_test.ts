/** The tests' own PostgreSQL ends with them, however they end, and leaves nothing on the machine. */
import { assert, assertEquals } from "@std/assert";
import { withPostgres } from "./postgres.ts";
import { until } from "./until.ts";

const MODULE = new URL("./postgres.ts", import.meta.url).href;
const MAP = new URL("../../.imports.json", import.meta.url).pathname;

/** A process that starts a server as a test file does, stays, and tells about it. */
const TESTS = `
  const { withPostgres } = await import("${MODULE}");
  await withPostgres((postgres) => console.log(JSON.stringify([postgres.folder, postgres.pid()])));
  setInterval(() => {}, 1000);
`;

/** The files and System V segments with the memory that the processes of a server share. */
async function sharedBy(pid: number): Promise<string[]> {
  const maps = await Deno.readTextFile(`/proc/${pid}/maps`);
  return maps.split("\n").flatMap((line) => {
    const [, inode, name] = /(\d+) +(\/dev\/shm\/PostgreSQL\S+|\/SYSV\w+)/.exec(line) ?? [];
    return name === undefined ? [] : name.startsWith("/SYSV") ? [`segment ${inode}`] : [name];
  });
}

async function isThere(shared: string): Promise<boolean> {
  const segment = /^segment (\d+)/.exec(shared)?.[1];
  if (segment === undefined) return await Deno.stat(shared).then(() => true, () => false);
  const rows = (await Deno.readTextFile("/proc/sysvipc/shm")).split("\n");
  return rows.some((row) => row.trim().split(/ +/)[1] === segment);
}

if (Deno.build.os === "linux") {
  await withPostgres(() => {
    for (const signal of ["SIGKILL", "SIGTERM"] as const) {
      Deno.test(`tests that end by ${signal} leave no PostgreSQL, no folder of it and no memory that it shared`, async () => {
        await using tests = new Deno.Command(Deno.execPath(), {
          args: ["eval", "--quiet", "--no-lock", `--import-map=${MAP}`, TESTS],
          stdout: "piped",
        }).spawn();
        const reader = tests.stdout.pipeThrough(new TextDecoderStream()).getReader();
        const [folder, pid] = JSON.parse((await reader.read()).value!) as [string, number];
        await reader.cancel();
        const shared = await sharedBy(pid);
        assert(shared.length > 0, "it shares some");
        tests.kill(signal);
        await tests.status;
        await until("its folder is gone", () => Deno.stat(folder).then(() => false, () => true));
        assertEquals(await Deno.stat(`/proc/${pid}`).then(() => "runs", () => "ended"), "ended");
        for (const one of shared) assertEquals([one, await isThere(one)], [one, false]);
      });
    }
  });
}
