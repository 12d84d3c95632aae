/** Tells one version of a plugin from another. @module */
import { relative } from "@std/path";

/** A version of a plugin: what its files hold. */
export interface PluginVersion {
  /** Changes when the plugin's module or a local module that it imports does. */
  hash: string;
  /** The modules it is made of, by absolute path, the plugin's own first, with their texts; null for what is not there. */
  files: ReadonlyMap<string, string | null>;
}

const IMPORT = /(?:\bfrom|\bimport)\s*\(?\s*["'](\.{1,2}\/[^"'\n]+)["']/g;

/**
 * Reads the version of the plugin whose module is `file` (an absolute path). Local imports are followed wherever the
 * text names them; a module that is imported by a computed name is not noticed.
 *
 * @throws {Deno.errors.NotFound} When there is no such file.
 */
export async function readVersion(file: string): Promise<PluginVersion> {
  let all = "";
  const files = new Map<string, string | null>([[file, null]]);
  for (const path of files.keys()) { // grows while it is walked
    const text = path === file ? Deno.readTextFileSync(path) : readIfThere(path);
    files.set(path, text);
    all += `${relative(file, path)}\0${text ?? ""}\0`;
    for (const [, specifier] of text?.matchAll(IMPORT) ?? []) {
      const imported = new URL(specifier!, `file://${path}`).pathname;
      if (!files.has(imported)) files.set(imported, null);
    }
  }
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(all));
  return { hash: new Uint8Array(hash).toHex().slice(0, 16), files };
}

function readIfThere(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return null;
  }
}
