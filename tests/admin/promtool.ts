/** Prometheus's own checker. @module */

/** Runs promtool: its complaint, empty when it has none; null, loudly, where it is not installed. */
export async function promtool(args: string[], stdin = ""): Promise<string | null> {
  try {
    const child = new Deno.Command("promtool", { args, stdin: "piped", stdout: "piped", stderr: "piped" })
      .spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(stdin));
    await writer.close();
    const { success, stdout, stderr } = await child.output();
    return success ? "" : new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.warn("SKIPPED: promtool is not installed (Debian: apt-get install prometheus)");
    return null;
  }
}
