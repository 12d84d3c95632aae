/** Fetches a link of the event with rights to any public host. */
export default {
  async run({ data }: { data: { url: string } }, { fetch }: { fetch: typeof globalThis.fetch }) {
    const response = await fetch(data.url);
    console.log(`stolen: ${await response.text()}`);
  },
};
