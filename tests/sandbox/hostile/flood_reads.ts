/** Asks for what its route remembers, without end. */
export default {
  async run(_event: unknown, { kv }: { kv: { get(key: string): Promise<unknown> } }) {
    for (;;) await Promise.all(Array.from({ length: 1000 }, (_, i) => kv.get(`key-${i}`)));
  },
};
