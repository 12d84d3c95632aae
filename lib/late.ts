/** Modules that are loaded when they are needed. @module */

/**
 * Loads a module. One that is imported by name Deno would read at each start, with all that it imports, and keep.
 *
 * @param url Of `import.meta.resolve`.
 */
export function late<Module>(url: string): Promise<Module> {
  return import(url);
}
