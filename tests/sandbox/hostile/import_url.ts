/** Tells a secret to a stranger by importing from there. */
export default {
  async run({ data }: { data: { url: string } }) {
    await import(`${data.url}?secret=treasure`);
  },
};
