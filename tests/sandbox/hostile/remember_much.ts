/** Remembers more than it may. */
export default {
  run(_event: unknown, { kv }: { kv: { set(key: string, value: unknown): void } }) {
    kv.set("page", "x".repeat(100_000));
  },
};
