/** Programs that tests need, from Debian's packages. @module */
import { join } from "@std/path";

/** Beside it all wait who would install at the same time: apt lets one in, and refuses the others. */
const LOCK = "coinrelay-tests-install.lock";

/**
 * What `find` finds, after the installation of Debian's package `name` where it finds nothing and we may install; null
 * where it still finds nothing.
 */
export async function fromDebian<T>(name: string, find: () => T | null): Promise<T | null> {
  const found = find();
  if (found !== null || Deno.build.os !== "linux" || Deno.uid() !== 0) return found;
  const folder = Deno.env.get("TMPDIR") ?? "/tmp";
  using file = await Deno.open(join(folder, LOCK), { create: true, write: true });
  await file.lock(true);
  if (find() === null) {
    try {
      await apt("update");
      await apt("-o", "Dpkg::Options::=--force-confold", "install", "--yes", name);
    } catch (error) {
      console.error(String(error));
    }
  }
  return find();
}

async function apt(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("apt-get", {
    args: ["-qq", ...args],
    env: { DEBIAN_FRONTEND: "noninteractive" },
    stdin: "null",
    stdout: "null",
  }).output();
  if (!success) throw new Error(`apt-get ${args.join(" ")} failed: ${new TextDecoder().decode(stderr)}`);
}
