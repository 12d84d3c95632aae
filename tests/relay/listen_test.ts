import { assertEquals } from "@std/assert";
import { listen, type Listener } from "../../lib/relay/listen.ts";
import { createRelayFolder } from "../support/relay_process.ts";
import { until } from "../support/until.ts";

/** A listener whose first server fails when the test says so, as the runtime's does that can take no connections. */
async function withListener(
  test: (
    listener: Listener,
    fail: (meanwhile?: () => void) => Promise<void>,
    faults: unknown[],
  ) => Promise<void>,
) {
  const { serve } = Deno;
  const failure = Promise.withResolvers<void>();
  const faults: unknown[] = [];
  let first: Deno.HttpServer<Deno.NetAddr> | undefined;
  Deno.serve = ((...given: Parameters<typeof Deno.serve>) => {
    const server = Reflect.apply(serve, Deno, given) as Deno.HttpServer<Deno.NetAddr>;
    if (first !== undefined) return server;
    first = server;
    return { addr: server.addr, finished: failure.promise, shutdown: () => server.shutdown() };
  }) as typeof Deno.serve;
  const listener = listen({
    hostname: "127.0.0.1",
    port: 0,
    handler: () => new Response("here"),
    onError: () => new Response("failed"),
    onFault: (error) => faults.push(error),
  });
  try {
    await test(listener, async (meanwhile = () => {}) => {
      await first!.shutdown();
      meanwhile();
      failure.reject(new Error("too many open files"));
    }, faults);
  } finally {
    Deno.serve = serve;
    await listener.shutdown();
  }
}

/** What is answered at a listener's address; null where nobody listens. */
const answerAt = ({ addr }: Listener) =>
  fetch(`http://127.0.0.1:${addr.port}/`).then((response) => response.text(), () => null);

Deno.test("a listener that failed, and cannot have its port again at once, tries until it can", () =>
  withListener(async (listener, fail, faults) => {
    assertEquals(await answerAt(listener), "here");
    let holder: Deno.Listener | undefined;
    await fail(() => holder = Deno.listen({ hostname: "127.0.0.1", port: listener.addr.port }));
    await until("it is told", () => faults.length > 0);
    holder!.close();
    await until("it answers again", async () => await answerAt(listener) === "here");
    assertEquals(faults.map(String), ["Error: too many open files"]);
    await listener.shutdown();
    assertEquals(await answerAt(listener), null, "what took its place is shut down as well");
  }));

Deno.test("a listener that fails when it was shut down neither tells of it nor comes back", () =>
  withListener(async (listener, fail, faults) => {
    await listener.shutdown();
    await fail();
    assertEquals([await answerAt(listener), faults], [null, []]);
  }));

Deno.test("the log says of each listener when others than this machine reach it", async () => {
  const reachable = async (server: string, admin: string) => {
    await using folder = await createRelayFolder({
      plugins: {},
      config: {
        server: { hostname: server, port: 0 },
        admin: { hostname: admin, port: 0, token: "a-token-that-is-long-enough" },
      },
    });
    const { lines } = await folder.start();
    return ["listening on ", "dashboard at "].map((beginning) =>
      lines.find(({ message }) => message.startsWith(beginning))!["reachable"]
    );
  };
  const everywhere = "at every address of this machine";
  assertEquals(await reachable("0.0.0.0", "127.0.0.1"), [everywhere, undefined]);
  assertEquals(await reachable("127.0.0.1", "0.0.0.0"), [undefined, everywhere]);
});
