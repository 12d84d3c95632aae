import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { withPostgres } from "../support/postgres.ts";
import { flagsFor, makeFolder, start } from "./launched.ts";

await withPostgres((postgres) => {
  Deno.test("a launched relay reaches its PostgreSQL, and needs no folder for a store", async () => {
    const url = postgres.url("launched");
    const folder = await makeFolder({ store: url });
    try {
      const config = join(folder, "config.json");
      const flags = await flagsFor(config);
      const { host } = new URL(url.replace(/^postgres(ql)?:/, "http:"));
      assertEquals(flags.find((flag) => flag.startsWith("--allow-net")), `--allow-net=127.0.0.1:0,${host}`);
      assertEquals(flags.filter((flag) => flag.startsWith("--allow-write")), []);
      await using relay = start(config);
      await relay.meet("bitcoin");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });

  Deno.test("a launched relay reaches its PostgreSQL by a UNIX socket", async () => {
    const folder = await makeFolder({ store: postgres.url("by_socket", `&host=${postgres.folder}`) });
    try {
      await using relay = start(join(folder, "config.json"));
      await relay.meet("bitcoin");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
});
