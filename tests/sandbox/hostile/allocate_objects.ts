/** Takes all of the heap. */
export default {
  run() {
    const kept: unknown[] = [];
    for (;;) kept.push(new Array(1000).fill(Math.random()));
  },
};
