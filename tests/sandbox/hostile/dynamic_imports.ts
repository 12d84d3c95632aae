/** Reads secrets by dynamic imports, as text and as JSON. */
export default {
  async run() {
    const refused: string[] = [];
    for (const file of [".env", "config.json", "data/relay.db"]) {
      for (const type of ["text", "json"]) {
        const path = new URL(`../${file}`, import.meta.url).href;
        try {
          const { default: secret } = await import(path, { with: { type } });
          console.log(`stolen: ${JSON.stringify(secret)}`);
        } catch (error) {
          refused.push(`${file} as ${type}: ${(error as Error).message}`);
        }
      }
    }
    throw new Error(refused.join("\n"));
  },
};
