/** Reads a secret by fetching a file. */
export default {
  async run() {
    const response = await fetch(new URL("../.env", import.meta.url));
    console.log(`stolen: ${await response.text()}`);
  },
};
