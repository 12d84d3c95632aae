/** A folder with a config in it, for as long as a test takes. @module */
import { join } from "@std/path";

/** Makes a folder with `files` (texts, or values to write as JSON) and a plugins folder, and removes it after `use`. */
export async function inFolder(
  files: Record<string, unknown>,
  use: (folder: string) => void | Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(join(folder, "plugins"));
    for (const [name, content] of Object.entries(files)) {
      await Deno.writeTextFile(
        join(folder, name),
        typeof content === "string" ? content : JSON.stringify(content),
      );
    }
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
