/** Leaves something for another plugin where web pages store things, and looks for what another has left. */
const inWorker = `
  const cache = await caches.open("shared");
  const found = await cache.match("http://shared.example/")
  await cache.put("http://shared.example/", new Response("left"));
  postMessage(found ? await found.text() : "nothing");`;
export default {
  async run(_event: unknown, { emit }: { emit(type: string, data: unknown): void }) {
    const here = globalThis as unknown as Record<
      string,
      { getItem(key: string): string; setItem(...pair: string[]): void }
    >;
    const local = here["localStorage"]?.getItem("shared") ?? "nothing";
    here["localStorage"]?.setItem("shared", "left");
    const worker = new Worker(`data:text/javascript,${encodeURIComponent(inWorker)}`, { type: "module" });
    const { promise, resolve } = Promise.withResolvers<string>();
    worker.onmessage = ({ data }) => resolve(data);
    const cached = await promise;
    worker.terminate();
    emit("found", { local, cached, caches: typeof here["caches"] });
  },
};
