/** Fetches the URL in its options, following redirects. */
export default {
  async run(
    _event: unknown,
    { fetch, options }: { fetch: typeof globalThis.fetch; options: { url: string } },
  ) {
    const response = await fetch(options.url);
    console.log(`stolen: ${await response.text()}`);
  },
};
