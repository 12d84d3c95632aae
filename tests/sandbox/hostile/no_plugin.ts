/** Exports no plugin. */
export const run = () => {};
