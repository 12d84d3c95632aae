/** Questions from one thread to another, and their answers. @module */
import { StoreUnavailable, StoreUnusable } from "../contract.ts";

/** What a thread can be asked: by name, what each takes and answers. Only plain data goes over a line. */
export type Questions<Q> = { [What in keyof Q]: (...takes: never[]) => unknown };

interface Asked {
  number: number;
  what: string;
  takes: unknown[];
}

type Answered =
  & { number: number }
  & ({ answer: unknown } | { failure: { name: string; message: string } });

/** What goes to the asking thread, all of one turn together: each message between threads costs time. */
type Post = { answered: Answered[]; told: unknown[] };

/** The asking end. */
export class Line<Q extends Questions<Q>> {
  #waiting = new Map<number, ReturnType<typeof Promise.withResolvers<unknown>>>();
  #asked = 0;
  #ended: Error | null = null;

  /** @param onTold Takes what the other thread tells unasked. */
  constructor(private readonly worker: Worker, private readonly onTold: (told: unknown) => void = () => {}) {
    worker.onmessage = ({ data: { answered, told } }: MessageEvent<Post>) => {
      for (const one of told) this.onTold(one);
      for (const one of answered) {
        const waiting = this.#waiting.get(one.number);
        this.#waiting.delete(one.number);
        if ("answer" in one) waiting?.resolve(one.answer);
        else waiting?.reject(errorOf(one.failure));
      }
    };
  }

  /** Whether nothing is waited for. */
  get quiet(): boolean {
    return this.#waiting.size === 0;
  }

  /** Asks, and waits for the answer. */
  ask<What extends keyof Q & string>(
    what: What,
    ...takes: Parameters<Q[What]>
  ): Promise<Awaited<ReturnType<Q[What]>>> {
    if (this.#ended !== null) return Promise.reject(this.#ended);
    const number = ++this.#asked;
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(number, waiting);
    this.worker.postMessage({ number, what, takes } satisfies Asked);
    return waiting.promise as Promise<Awaited<ReturnType<Q[What]>>>;
  }

  /** Waits until all that was asked is answered. */
  async settled(): Promise<void> {
    while (!this.quiet) await Promise.allSettled([...this.#waiting.values()].map(({ promise }) => promise));
  }

  /** Ends the thread. Whoever still waits, or asks from now on, is refused with `error`. */
  end(error: Error): void {
    this.#ended = error;
    this.worker.terminate();
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(error);
  }
}

/** The answering end: answers every question that comes to this thread. Returns what tells unasked. */
export function answer<Q extends Questions<Q>>(answers: Q): (told: unknown) => void {
  const scope = self as unknown as Pick<Worker, "onmessage" | "postMessage">;
  let post: Post | null = null;
  const posted = (): Post => {
    if (post !== null) return post;
    queueMicrotask(() => {
      scope.postMessage(post);
      post = null;
    });
    return post = { answered: [], told: [] };
  };
  scope.onmessage = async ({ data: { number, what, takes } }: MessageEvent<Asked>) => {
    try {
      const answer = await answers[what as keyof Q](...takes as never[]);
      posted().answered.push({ number, answer });
    } catch (error) {
      const { name, message } = error as Error;
      posted().answered.push({ number, failure: { name, message } });
    }
  };
  return (told) => void posted().told.push(told);
}

function errorOf({ name, message }: { name: string; message: string }): Error {
  if (name === "StoreUnavailable") return new StoreUnavailable(message);
  if (name === "StoreUnusable") return new StoreUnusable(message);
  if (name === "AlreadyExists") return new Deno.errors.AlreadyExists(message);
  return Object.assign(new Error(message), { name });
}
