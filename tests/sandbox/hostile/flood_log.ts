/** Logs without end. */
export default {
  async run(_event: unknown, { log }: { log: Console }) {
    for (;;) {
      for (let i = 0; i < 1000; i++) log.info("x".repeat(1000));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  },
};
