/** Small file systems of their own, that can be filled and broken. Linux, as root. @module */
import { join } from "@std/path";

/** A mounted file system. */
export interface Volume extends AsyncDisposable {
  path: string;
  /** Fills all the room there is; of a `thin` one the room of the disk below it, which fails its writes then. */
  fill(): Promise<void>;
  /** Makes the room again. */
  free(): Promise<void>;
  /** What the kernel does when it finds an ext4 broken: makes it read-only for all, open files included. */
  makeReadOnly(): Promise<void>;
  /** Cuts an ext4 off its disk: every access to its disk is an input/output error from now on. */
  cutOff(): Promise<void>;
  /** Mends a copy of an ext4 and mounts that, at the same place: as when its disk was exchanged. */
  mountAnew(): Promise<void>;
}

/** Whether file systems can be mounted here. */
export const canMount: boolean = await (async () => {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return false;
  try {
    await using _volume = await mountVolume("tmpfs", 1);
    return true;
  } catch {
    return false;
  }
})();

/** Whether an ext4 in a file can be mounted here. */
export const canMountExt4: boolean = canMount && await (async () => {
  try {
    await using _volume = await mountVolume("ext4", 4);
    return true;
  } catch {
    return false;
  }
})();

/** How much more a `thin` one promises than its disk can hold. */
const THIN = 4;

/**
 * Mounts a fresh one of `mebibytes`. A `thin` one is an ext4 that is larger than the disk below it: when that is full,
 * writes succeed, and the sync that is to bring them to the disk fails.
 */
export async function mountVolume(kind: "tmpfs" | "ext4" | "thin", mebibytes: number): Promise<Volume> {
  const folder = await Deno.makeTempDir({ prefix: "coinrelay-volume-" });
  const path = join(folder, "mounted");
  const disk = join(folder, "disk");
  let image = join(disk, "image");
  let copies = 0;
  const ballast = join(kind === "thin" ? disk : path, "ballast");
  await Deno.mkdir(path);
  await Deno.mkdir(disk);

  async function mount() {
    if (kind === "tmpfs") return await run("mount", "-t", "tmpfs", "-o", `size=${mebibytes}m`, "tmpfs", path);
    // An ext4 forgets that it owes a block its data when it could not write it at first; not so under dioread_lock.
    const options = kind === "thin" ? "loop,errors=remount-ro,dioread_lock" : "loop,errors=remount-ro";
    await run("mount", "-o", options, image, path);
  }

  try {
    if (kind === "thin") await run("mount", "-t", "tmpfs", "-o", `size=${mebibytes}m`, "tmpfs", disk);
    if (kind !== "tmpfs") {
      await Deno.writeFile(image, new Uint8Array());
      await Deno.truncate(image, mebibytes * (kind === "thin" ? THIN : 1) * 2 ** 20);
      // What the file system needs for itself is written at once.
      const whole = ["-O", "^has_journal", "-E", "nodiscard,lazy_itable_init=0", "-N", "64"];
      await run("mkfs.ext4", "-q", "-F", ...(kind === "thin" ? whole : []), image);
    }
    await mount();
  } catch (error) {
    if (kind === "thin") await run("umount", "--lazy", disk).catch(() => {});
    await Deno.remove(folder, { recursive: true });
    throw error;
  }

  return {
    path,
    async fill() {
      const file = await Deno.open(ballast, { write: true, create: true, append: true });
      for (let size = 2 ** 20; size >= 1;) {
        try {
          await file.write(new Uint8Array(size));
        } catch {
          size = Math.floor(size / 2);
        }
      }
      file.close();
    },
    free: () => Deno.remove(ballast),
    async makeReadOnly() {
      const device = (await run("findmnt", "-no", "SOURCE", path)).trim().replace("/dev/", "");
      await Deno.writeTextFile(`/sys/fs/ext4/${device}/trigger_fs_error`, "1");
    },
    async cutOff() {
      // The ioctl EXT4_IOC_SHUTDOWN, without writing the journal first.
      const call =
        "import fcntl,os,struct,sys;fcntl.ioctl(os.open(sys.argv[1],0),0x8004587d,struct.pack('I',2))";
      await run("python3", "-c", call, path);
    },
    async mountAnew() {
      await run("umount", "--lazy", path);
      // The old one lives on as long as a file on it is open.
      const copy = join(folder, `copy-${++copies}`);
      await Deno.copyFile(image, copy);
      image = copy;
      const checked = await new Deno.Command("e2fsck", {
        args: ["-fy", image],
        stdout: "null",
        stderr: "null",
      }).output();
      if (checked.code > 1) throw new Error(`e2fsck ended with ${checked.code}`);
      await mount();
    },
    async [Symbol.asyncDispose]() {
      await run("umount", "--lazy", path);
      if (kind === "thin") await run("umount", "--lazy", disk);
      await Deno.remove(folder, { recursive: true });
    },
  };
}

async function run(command: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(command, { args }).output();
  if (code !== 0) throw new Error(`${command}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}
