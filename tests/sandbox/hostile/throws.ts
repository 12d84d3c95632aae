/** Throws what cannot be read. */
export default {
  run() {
    const get = () => {
      throw new Error("unreadable");
    };
    throw Object.defineProperties(new Error("x"), {
      message: { get },
      stack: { get },
      name: { get },
      cause: { get },
    });
  },
};
