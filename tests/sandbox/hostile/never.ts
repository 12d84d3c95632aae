/** Never ends, whatever its signal says. */
export default { run: () => new Promise(() => {}) };
