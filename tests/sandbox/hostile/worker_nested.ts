/** Reads a secret in a worker of a worker, asking for every permission. */
export default {
  run() {
    const path = new URL("../.env", import.meta.url).href;
    const url = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`;
    const inner = `postMessage(Deno.readTextFileSync(new URL(${JSON.stringify(path)})))`;
    const outer = `const w = new Worker(${JSON.stringify(url(inner))}, { type: "module" });
      w.onmessage = ({ data }) => postMessage(data);
      w.onerror = (event) => { event.preventDefault(); postMessage({ error: event.message }); };`;
    const worker = new Worker(url(outer), { type: "module" });
    return new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) =>
        data.error ? reject(new Error(data.error)) : resolve(console.log(`stolen: ${data}`));
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(event.message));
      };
    });
  },
};
