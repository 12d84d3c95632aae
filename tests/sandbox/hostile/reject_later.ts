/** Fails after it has said that it succeeded. */
export default {
  run() {
    setTimeout(() => Promise.reject(new Error("too late")), 10);
    setTimeout(() => {
      throw new Error("far too late");
    }, 20);
  },
};
