/** Never gives the processor back. */
export default {
  run() {
    for (;;);
  },
};
