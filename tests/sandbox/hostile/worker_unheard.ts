/** Starts a worker that fails, and does not listen. */
export default {
  async run() {
    new Worker("data:text/javascript,throw new Error('from a worker')", { type: "module" });
    await new Promise((resolve) => setTimeout(resolve, 300));
  },
};
