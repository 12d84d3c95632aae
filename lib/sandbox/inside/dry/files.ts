/** Keeps what a plugin writes to files from the disk: within a run it reads back what it wrote. @module */

import { fromFileUrl, resolve } from "@std/path";

/** What a run wrote, by absolute path; null: removed. */
export type Files = Map<string, Uint8Array | null>;

type Path = string | URL;

/**
 * Replaces those functions of `Deno` that write files, and those that read what was written. Reading what was not
 * written is up to the process's permissions, as ever. Outside of a run nothing is replaced.
 *
 * @param now The files of the run that asks.
 * @param mustWrite Throws where the path may not be written.
 */
export function replaceFiles(now: () => Files | undefined, mustWrite: (path: string) => void): void {
  const real = { ...Deno };
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();

  /** The files, and the path in them. */
  function at(path: Path): { files: Files; file: string } | null {
    const files = now();
    return files === undefined ? null : { files, file: absolute(path) };
  }
  /** What the run wrote there; undefined when nothing. */
  function written(path: Path): Uint8Array | undefined {
    const place = at(path);
    const bytes = place?.files.get(place.file);
    if (bytes === null) throw new Deno.errors.NotFound(`No such file or directory: ${place!.file}`);
    return bytes;
  }
  function before(path: Path): Uint8Array {
    try {
      return written(path) ?? real.readFileSync(path);
    } catch {
      return new Uint8Array(); // not there, or not to be read: then only what is added can be told
    }
  }
  /** Writes, or returns false outside of a run. */
  function put(path: Path, bytes: Uint8Array | null): boolean {
    const place = at(path);
    if (place === null) return false;
    mustWrite(place.file);
    place.files.set(place.file, bytes?.slice() ?? null);
    return true;
  }
  function writeFileSync(path: Path, data: Uint8Array, options: Deno.WriteFileOptions = {}) {
    const bytes = options.append ? joined(before(path), data) : data;
    if (!put(path, bytes)) real.writeFileSync(path, data, options);
  }
  function renameSync(from: Path, to: Path) {
    const place = at(from);
    if (place === null) return real.renameSync(from, to);
    put(to, written(from) ?? real.readFileSync(from));
    // What was never on disk leaves nothing behind.
    if (exists(from)) put(from, null);
    else place.files.delete(place.file);
  }
  function removeSync(path: Path, options?: Deno.RemoveOptions) {
    const place = at(path);
    if (place === null) return real.removeSync(path, options);
    const inMemory = written(path) !== undefined;
    if (!inMemory) real.lstatSync(path);
    if (!inMemory || exists(path)) put(path, null);
    else place.files.delete(place.file);
  }
  function exists(path: Path): boolean {
    try {
      real.lstatSync(path);
      return true;
    } catch {
      return false;
    }
  }
  function openSync(path: Path, options: Deno.OpenOptions = { read: true }): Deno.FsFile {
    const writes = options.write || options.append || options.create || options.truncate || options.createNew;
    if (!writes || at(path) === null) return real.openSync(path, options);
    return memoryFile(
      options.truncate || options.createNew ? new Uint8Array() : before(path),
      options,
      (bytes) => {
        put(path, bytes);
      },
    );
  }

  const replaced = {
    writeFileSync,
    writeTextFileSync: (path: Path, text: string, options?: Deno.WriteFileOptions) =>
      writeFileSync(path, encoder.encode(text), options),
    renameSync,
    removeSync,
    openSync,
    createSync: (path: Path) => openSync(path, { write: true, read: true, truncate: true, create: true }),
    mkdirSync: (path: Path, options?: Deno.MkdirOptions) =>
      at(path) === null && real.mkdirSync(path, options),
    copyFileSync: (from: Path, to: Path) =>
      at(to) === null ? real.copyFileSync(from, to) : void put(to, written(from) ?? real.readFileSync(from)),
    readFileSync: (path: Path) => written(path) ?? real.readFileSync(path),
    readTextFileSync: (path: Path) => {
      const bytes = written(path);
      return bytes ? decoder.decode(bytes) : real.readTextFileSync(path);
    },
  };
  const { writeFile, writeTextFile } = {
    async writeFile(
      path: Path,
      data: Uint8Array | ReadableStream<Uint8Array>,
      options?: Deno.WriteFileOptions,
    ) {
      writeFileSync(path, await new Response(data as BodyInit).bytes(), options);
    },
    async writeTextFile(path: Path, data: string | ReadableStream<string>, options?: Deno.WriteFileOptions) {
      const text = typeof data === "string" ? data : (await Array.fromAsync(data)).join("");
      writeFileSync(path, encoder.encode(text), options);
    },
  };
  Object.assign(Deno, replaced, promised(replaced), { writeFile, writeTextFile });
}

/** Of functions that end in `Sync` those that answer by promises. */
function promised(functions: object): object {
  const synchronous = Object.entries(functions).filter(([name]) => name.endsWith("Sync"));
  return Object.fromEntries(synchronous.map(([name, task]) => [
    name.replace(/Sync$/, ""),
    // deno-lint-ignore require-await -- so that what is thrown rejects
    async (...given: unknown[]) => task(...given),
  ]));
}

/** A file that is kept in memory; `keep` is called with all of it after each change. */
function memoryFile(
  content: Uint8Array,
  options: Deno.OpenOptions,
  keep: (bytes: Uint8Array) => void,
): Deno.FsFile {
  let bytes = content;
  let at = 0;
  const set = (changed: Uint8Array) => keep(bytes = changed);
  set(bytes);
  const file = {
    writeSync(part: Uint8Array) {
      if (options.append) at = bytes.length;
      const longer = new Uint8Array(Math.max(bytes.length, at + part.length));
      longer.set(bytes);
      longer.set(part, at);
      at += part.length;
      set(longer);
      return part.length;
    },
    readSync(into: Uint8Array) {
      const part = bytes.subarray(at, at + into.length);
      into.set(part);
      at += part.length;
      return part.length === 0 ? null : part.length;
    },
    truncateSync: (length = 0) => set(bytes.slice(0, length)),
    seekSync: (offset: number, whence: Deno.SeekMode) =>
      at = Number(offset) +
        (whence === Deno.SeekMode.Current ? at : whence === Deno.SeekMode.End ? bytes.length : 0),
    syncSync() {},
    syncDataSync() {},
    close() {},
    isTerminal: () => false,
    [Symbol.dispose]() {},
  };
  const writable = new WritableStream<Uint8Array>({ write: (part) => void file.writeSync(part) });
  return Object.assign(file, promised(file), { writable }) as unknown as Deno.FsFile;
}

function absolute(path: Path): string {
  return path instanceof URL ? fromFileUrl(path) : resolve(path);
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
