import { assertEquals, assertRejects } from "@std/assert";
import {
  requestData,
  requestOf,
  responseData,
  responseOf,
  streamOf,
  Streams,
} from "../../lib/admin/thread/exchange.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** A stream that notes how many pieces were taken, and whether it was cancelled. */
function counted(pieces: number) {
  const noted = { taken: 0, cancelled: false };
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      if (noted.taken === pieces) return controller.close();
      controller.enqueue(bytes(`piece ${++noted.taken} `));
    },
    cancel() {
      noted.cancelled = true;
    },
  }, { highWaterMark: 0 });
  return { noted, stream };
}

Deno.test("a request and its answer arrive as they were sent", async () => {
  const streams = new Streams();
  const sent = new Request("http://127.0.0.1:8081/test?a=1", {
    method: "POST",
    headers: { host: "relay.example", cookie: "a=1; b=2" },
    body: "hello",
  });
  const data = structuredClone(requestData(sent, "192.0.2.1", streams));
  const request = requestOf(data, streams);
  assertEquals([request.method, request.url, data.address], ["POST", sent.url, "192.0.2.1"]);
  assertEquals([request.headers.get("host"), request.headers.get("cookie")], ["relay.example", "a=1; b=2"]);
  assertEquals(await request.text(), "hello");
  assertEquals(streams.open, 0);

  const headers = new Headers({ "content-type": "text/html" });
  for (const cookie of ["a=1", "b=2"]) headers.append("set-cookie", cookie);
  const answer = structuredClone(
    await responseData(new Response("page", { status: 404, headers }), streams),
  );
  const response = responseOf(answer, streams);
  assertEquals([response.status, await response.text()], [404, "page"]);
  assertEquals(response.headers.getSetCookie(), ["a=1", "b=2"]);
  const none = responseOf(await responseData(new Response(null, { status: 304 }), streams), streams);
  assertEquals([none.status, none.body], [304, null]);
});

Deno.test("a stream is read no faster than its reader takes it, to its end", async () => {
  const streams = new Streams();
  const { noted, stream } = counted(3);
  const headers = { "content-type": "text/event-stream" };
  const response = responseOf(await responseData(new Response(stream, { headers }), streams), streams);
  assertEquals(noted.taken, 0);
  const reader = response.body!.getReader();
  await reader.read();
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(noted.taken, 1);
  await reader.read();
  await reader.read();
  assertEquals((await reader.read()).done, true);
  assertEquals([noted.taken, noted.cancelled, streams.open], [3, false, 0]);
});

Deno.test("a reader who leaves ends the stream where it is made", async () => {
  const streams = new Streams();
  const { noted, stream } = counted(3);
  const reader = streamOf(streams, streams.add(stream)).getReader();
  await reader.read();
  await reader.cancel();
  assertEquals([noted.taken, noted.cancelled, streams.open], [1, true, 0]);
  assertEquals(await streams.read(1), null);
});

Deno.test("a stream that fails fails its reader too", async () => {
  const streams = new Streams();
  const failing = new ReadableStream<Uint8Array>({
    pull: () => Promise.reject(new Error("the disk is gone")),
  });
  const reader = streamOf(streams, streams.add(failing)).getReader();
  await assertRejects(() => reader.read(), Error, "the disk is gone");
  assertEquals(streams.open, 0);
});
