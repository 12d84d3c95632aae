/** Has its process say that it failed where nothing can fail. */
Object.defineProperty(Object.prototype, "toJSON", {
  configurable: true,
  value(this: Record<string, unknown>) {
    return this["t"] === "failed"
      ? { t: "failed", stage: {}, error: ["why"], file: { a: 1 }, line: "x" }
      : this;
  },
});
throw new Error("on purpose");
