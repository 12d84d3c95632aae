/** Replaces what the bootstrap might use. */
const broken = () => {
  throw new Error("broken");
};
JSON.stringify = broken as never;
JSON.parse = broken as never;
Promise.prototype.then = broken as never;
TextEncoder.prototype.encode = broken as never;
TextDecoder.prototype.decode = broken as never;
Deno.stdout.writeSync = broken as never;
globalThis.queueMicrotask = broken as never;
export default { run: () => {} };
