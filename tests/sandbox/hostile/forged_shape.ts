/** Has its process say of it what no plugin can say. */
Object.defineProperty(Object.prototype, "toJSON", {
  configurable: true,
  value(this: Record<string, unknown>) {
    if (this["t"] !== "loaded") return this;
    const optionsSchema = { type: "object", properties: { url: null } };
    const plugin = { description: { a: 1 }, filters: 7, hasOptions: 7, needsOptions: "", optionsSchema };
    return { t: "loaded", plugin };
  },
});
export default { run() {} };
