/** Ends the relay. */
export default { run: () => Deno.kill(Deno.ppid, "SIGKILL") };
