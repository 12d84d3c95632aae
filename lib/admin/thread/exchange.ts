/** Requests and answers as plain data; their bodies come piece by piece, as fast as they are taken. @module */

/** What each end of a line answers to the other, which reads its streams. */
export interface StreamQuestions {
  /** The next piece of a stream; null: it has ended. */
  read(stream: number): Promise<Uint8Array | null>;
  /** Nobody reads it any more. */
  cancel(stream: number): Promise<void>;
}

/** A request. */
export interface RequestData {
  method: string;
  url: string;
  headers: [string, string][];
  /** The address that it came from. */
  address: string;
  /** The number of the stream that is its body; null: it has none. */
  body: number | null;
}

/** An answer. */
export interface ResponseData {
  status: number;
  headers: [string, string][];
  /** The whole body, or the number of the stream that it is. */
  body: Uint8Array | number | null;
}

/** Streams of this end, by the numbers under which the other end reads them. */
export class Streams implements StreamQuestions {
  readonly #readers = new Map<number, ReadableStreamDefaultReader<Uint8Array>>();
  #last = 0;

  /** How many are neither at their end nor cancelled. */
  get open(): number {
    return this.#readers.size;
  }

  /** Has the other end read a stream; answers its number. */
  add(stream: ReadableStream<Uint8Array>): number {
    this.#readers.set(++this.#last, stream.getReader());
    return this.#last;
  }

  async read(stream: number): Promise<Uint8Array | null> {
    try {
      const { value, done } = await this.#readers.get(stream)?.read() ?? { done: true };
      if (!done) return value!;
    } catch (error) {
      this.#readers.delete(stream);
      throw error;
    }
    this.#readers.delete(stream);
    return null;
  }

  async cancel(stream: number): Promise<void> {
    const reader = this.#readers.get(stream);
    this.#readers.delete(stream);
    await reader?.cancel();
  }
}

/** A stream of the other end, read no faster than whoever has it takes its pieces. */
export function streamOf(other: StreamQuestions, number: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    async pull(controller) {
      const piece = await other.read(number);
      if (piece === null) controller.close();
      else controller.enqueue(piece as Uint8Array<ArrayBuffer>);
    },
    async cancel() {
      await other.cancel(number);
    },
  }, { highWaterMark: 0 });
}

/** A request as plain data. Its body stays here, to be read from `streams`. */
export function requestData(request: Request, address: string, streams: Streams): RequestData {
  const { method, url, headers, body } = request;
  return { method, url, headers: [...headers], address, body: body === null ? null : streams.add(body) };
}

/** A request from what came over. */
export function requestOf({ method, url, headers, body }: RequestData, other: StreamQuestions): Request {
  return new Request(url, { method, headers, ...(body !== null && { body: streamOf(other, body) }) });
}

/** An answer as plain data. Only one that goes on for as long as its reader stays is not sent whole. */
export async function responseData(response: Response, streams: Streams): Promise<ResponseData> {
  const { status, headers, body } = response;
  const lasting = headers.get("content-type")?.startsWith("text/event-stream") ?? false;
  const sent = body === null
    ? null
    : lasting
    ? streams.add(body)
    : new Uint8Array(await response.arrayBuffer());
  return { status, headers: [...headers], body: sent };
}

/** An answer from what came over. */
export function responseOf({ status, headers, body }: ResponseData, other: StreamQuestions): Response {
  const given = typeof body === "number" ? streamOf(other, body) : body as Uint8Array<ArrayBuffer> | null;
  return new Response(given, { status, headers });
}
