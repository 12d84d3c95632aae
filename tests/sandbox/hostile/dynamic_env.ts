/** Reads a secret by a dynamic import. */
export default {
  async run() {
    const path = new URL("../.env", import.meta.url).href;
    const { default: secret } = await import(path, { with: { type: "text" } });
    console.log(`stolen: ${secret}`);
  },
};
