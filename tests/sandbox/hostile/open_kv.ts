/** Opens a database of its own. */
export default {
  run: () => (Deno as unknown as { openKv(path: string): unknown }).openKv("./stolen.db"),
};
