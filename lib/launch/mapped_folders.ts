/** Folders outside of the project that the import map leads to: a checkout of the standard library, say. @module */
import { dirname, fromFileUrl } from "@std/path";

/**
 * The folders of the files that an import map names by absolute URLs. Who may load code from here must be able to read
 * them too, where that code is loaded late.
 *
 * @param text An import map.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const map = { imports: { "@std/path": "file:///std/path/mod.ts", "@std/http": "./lib/http.ts", "zod": "npm:zod@4" } };
 * assertEquals(mappedFolders(JSON.stringify(map)), ["/std/path"]);
 * ```
 */
export function mappedFolders(text: string): string[] {
  const { imports = {} } = JSON.parse(text) as { imports?: Record<string, string> };
  const files = Object.values(imports).filter((target) => target.startsWith("file:")).map((url) =>
    fromFileUrl(url)
  );
  return [...new Set(files.map((file) => dirname(file)))];
}
