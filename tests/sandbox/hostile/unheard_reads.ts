/** Asks for what its route remembers, without end, and never hears an answer. */
export default {
  run(_event: unknown, { kv }: { kv: { get(key: string): Promise<unknown> } }) {
    for (;;) kv.get("key").catch(() => {});
  },
};
