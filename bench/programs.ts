/** Programs that the bench needs beside Deno. @module */

/** Debian's package for each. */
const PACKAGES: Record<string, string[]> = { wrk: ["wrk"], gunicorn: ["gunicorn", "python3-flask"] };

/** Makes sure that each can be run, installing it from Debian's packages where that is allowed. */
export async function requirePrograms(names: readonly string[]): Promise<void> {
  const missing: string[] = [];
  for (const name of names) if (!await runs(name, "--version")) missing.push(...PACKAGES[name] ?? [name]);
  if (missing.length === 0) return;
  console.error(`installing ${missing.join(" ")} …`);
  if (!await runs("apt-get", "install", "--yes", "--quiet", ...missing)) {
    throw new Error(`Cannot install ${missing.join(" ")}: install them by hand, then run the bench again`);
  }
}

async function runs(command: string, ...args: string[]): Promise<boolean> {
  try {
    await new Deno.Command(command, { args, stdout: "null", stderr: "null" }).output();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
