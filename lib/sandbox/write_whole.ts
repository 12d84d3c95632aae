/** Writes files that are there whole or not at all. @module */

/** The name of a file that takes the place of `file` once it is whole. */
export const beingWritten = (file: string): string => `${file}.new`;

/** Writes a file that the relay's user alone may read. Who reads it meanwhile finds what was there before. */
export function writeWhole(file: string, text: string): void {
  Deno.writeTextFileSync(beingWritten(file), text, { mode: 0o600 });
  Deno.renameSync(beingWritten(file), file);
}
