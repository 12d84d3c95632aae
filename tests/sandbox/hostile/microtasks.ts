/** Keeps the event loop from turning. */
export default {
  async run() {
    for (;;) await null;
  },
};
