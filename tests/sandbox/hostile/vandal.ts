/** Breaks what every program is made of. */
export default {
  run() {
    const broken = () => {
      throw new Error("broken");
    };
    for (
      const { prototype } of [Map, Set, Array, String, Promise, Uint8Array, Error] as { prototype: object }[]
    ) {
      for (const name of Object.getOwnPropertyNames(prototype)) {
        try {
          (prototype as Record<string, unknown>)[name] = broken;
        } catch {
          // not writable
        }
      }
    }
  },
};
