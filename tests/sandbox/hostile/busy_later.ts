/** Never gives the processor back, once its run has ended. */
export default {
  run() {
    setTimeout(() => {
      for (;;);
    }, 10);
  },
};
