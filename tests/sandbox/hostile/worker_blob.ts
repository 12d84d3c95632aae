/** Reads a secret in a worker made of a `blob:` URL. */
export default {
  run() {
    const path = new URL("../.env", import.meta.url).href;
    const code = `import secret from ${JSON.stringify(path)} with { type: "text" };` +
      'console.log("stolen: " + secret); postMessage(secret);';
    const worker = new Worker(URL.createObjectURL(new Blob([code], { type: "text/javascript" })), {
      type: "module",
    });
    return new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(console.log(`stolen: ${data}`));
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(event.message));
      };
    });
  },
};
