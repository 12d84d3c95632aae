/** Opens a connection to a host of the event, without `fetch`. */
import { connect } from "node:net";
export default {
  async run({ data }: { data: { host: string; port: number; node: boolean } }) {
    if (!data.node) return (await Deno.connect({ hostname: data.host, port: data.port })).close();
    await new Promise<void>((resolve, reject) => {
      const socket = connect(data.port, data.host, () => {
        socket.destroy();
        resolve();
      });
      socket.on("error", reject);
    });
  },
};
