/** Programs of other projects that the tests run: this system's own, or Debian's packages, unpacked beside it. @module */
import { join } from "@std/path";

/**
 * Where a program is; null, loudly, where it is not installed and cannot be had. Nothing is installed: Debian's package
 * is fetched and unpacked into a folder of ours, so that no service of it is started.
 *
 * @param path Of the program inside its package.
 */
export async function debianProgram(name: string, path: string): Promise<string | null> {
  const here = await which(name, path);
  if (here !== null) return here;
  const folder = join(Deno.env.get("HOME") ?? "/tmp", ".cache", "coinrelay-tests", name);
  const program = join(folder, path);
  if (await runs(program)) return program;
  try {
    await unpack(name, folder);
  } catch (error) {
    console.warn(`${error}`);
  }
  if (await runs(program)) return program;
  console.warn(`SKIPPED: ${name} is not installed (Debian: apt-get install ${name})`);
  return null;
}

async function which(name: string, path: string): Promise<string | null> {
  for (const candidate of [name, `/${path}`]) if (await runs(candidate)) return candidate;
  return null;
}

/** Whether it starts at all: one that lacks a library does not. */
async function runs(program: string): Promise<boolean> {
  try {
    const { code } = await new Deno.Command(program, { args: ["-h"], stdout: "null", stderr: "null" })
      .output();
    return code !== 127;
  } catch {
    return false;
  }
}

/** With lists and cache of its own, so that it is in nobody's way. */
async function unpack(name: string, folder: string): Promise<void> {
  const apt = await Deno.makeTempDir();
  const own = [
    `Dir::State::lists=${apt}/lists`,
    `Dir::Cache=${apt}/cache`,
    "APT::Sandbox::User=root",
    "Acquire::Languages=none",
  ].flatMap((option) => ["-o", option]);
  try {
    await Deno.mkdir(`${apt}/lists/partial`, { recursive: true });
    await run("apt-get", ["-qq", ...own, "update"], apt);
    await run("apt-get", ["-qq", ...own, "download", name], apt);
    const archive = [...Deno.readDirSync(apt)].find((entry) => entry.name.endsWith(".deb"));
    if (archive === undefined) throw new Error(`apt-get fetched no package ${name}`);
    await Deno.mkdir(folder, { recursive: true });
    await run("dpkg-deb", ["--extract", archive.name, folder], apt);
  } finally {
    await Deno.remove(apt, { recursive: true });
  }
}

async function run(command: string, args: readonly string[], cwd: string): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, { args: [...args], cwd, stdout: "null" })
    .output();
  if (!success) throw new Error(`${command} ${args.at(-1)} failed: ${new TextDecoder().decode(stderr)}`);
}
