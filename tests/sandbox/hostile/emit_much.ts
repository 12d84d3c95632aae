/** Makes more events than it may. */
export default {
  run(_event: unknown, { emit }: { emit(type: string, data: unknown): void }) {
    for (let i = 0;; i++) emit("relay.flood", { i });
  },
};
