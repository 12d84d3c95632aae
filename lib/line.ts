/** Questions from one thread to another, and their answers. @module */

/** What a thread can be asked: by name, what each takes and answers. Only plain data goes over a line. */
export type Questions<Q> = { [What in keyof Q]: (...takes: never[]) => unknown };

/** What one thread has of another: a `Worker`, or `self` in it. */
export type End = Pick<Worker, "postMessage" | "onmessage"> & Partial<Pick<Worker, "terminate">>;

/** An error that is the same on both ends of a line: whoever asked can tell it from others. */
export type KnownError = new (message: string) => Error;

/** What an end does beside asking. */
export interface LineOptions<Ours extends Questions<Ours>> {
  /** What this end can be asked. Default: nothing. */
  answers?: Ours;
  /** Takes what the other end tells unasked. */
  onTold?: (told: unknown) => void;
  /** Errors to be known again by their `name`; of any other the name and the message come over. */
  errors?: Readonly<Record<string, KnownError>>;
}

/** What of an error goes over a line. */
interface Failure {
  name: string;
  message: string;
}

interface Asked {
  number: number;
  what: string;
  takes: unknown[];
}

type Answered =
  & { number: number }
  & ({ answer: unknown } | { failure: Failure });

/** What goes over together, all of one turn: each message between threads costs time. */
interface Post {
  asked?: Asked[];
  answered?: Answered[];
  told?: unknown[];
}

/** One end of a line. Both ends may ask, answer, and tell. */
export class Line<Theirs extends Questions<Theirs>, Ours extends Questions<Ours> = Record<never, never>> {
  #waiting = new Map<number, ReturnType<typeof Promise.withResolvers<unknown>>>();
  #asked = 0;
  #ended: Error | null = null;
  #post: Required<Post> | null = null;

  constructor(private readonly other: End, private readonly options: LineOptions<Ours> = {}) {
    other.onmessage = ({ data: { asked = [], answered = [], told = [] } }: MessageEvent<Post>) => {
      if (this.#ended !== null) return;
      for (const one of told) options.onTold?.(one);
      for (const one of answered) this.#settle(one);
      for (const one of asked) void this.#answer(one);
    };
  }

  /** Whether nothing is waited for. */
  get quiet(): boolean {
    return this.#waiting.size === 0;
  }

  /** Asks, and waits for the answer. */
  ask<What extends keyof Theirs & string>(
    what: What,
    ...takes: Parameters<Theirs[What]>
  ): Promise<Awaited<ReturnType<Theirs[What]>>> {
    if (this.#ended !== null) return Promise.reject(this.#ended);
    const number = ++this.#asked;
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(number, waiting);
    this.#posted().asked.push({ number, what, takes });
    return waiting.promise as Promise<Awaited<ReturnType<Theirs[What]>>>;
  }

  /** Tells, and waits for nothing. */
  tell(told: unknown): void {
    if (this.#ended === null) this.#posted().told.push(told);
  }

  /** Waits until all that was asked is answered. */
  async settled(): Promise<void> {
    while (!this.quiet) await Promise.allSettled([...this.#waiting.values()].map(({ promise }) => promise));
  }

  /** Ends the line, and the thread if this end started it. Whoever waits, or asks from now on, is refused with `error`. */
  end(error: Error): void {
    this.#ended = error;
    this.other.terminate?.();
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(error);
  }

  async #answer({ number, what, takes }: Asked): Promise<void> {
    try {
      const answer = await this.options.answers![what as keyof Ours](...takes as never[]);
      this.#posted().answered.push({ number, answer });
    } catch (error) {
      this.#posted().answered.push({ number, failure: failureOf(error) });
    }
  }

  #settle(one: Answered): void {
    const waiting = this.#waiting.get(one.number);
    this.#waiting.delete(one.number);
    if ("answer" in one) waiting?.resolve(one.answer);
    else waiting?.reject(errorOf(one.failure, this.options.errors));
  }

  #posted() {
    if (this.#post !== null) return this.#post;
    queueMicrotask(() => {
      const post = this.#post!;
      this.#post = null;
      if (this.#ended !== null) return;
      this.#send(post);
    });
    return this.#post = { asked: [], answered: [], told: [] };
  }

  #send({ asked, answered, told }: Required<Post>): void {
    try {
      this.other.postMessage({ asked, answered, told } satisfies Post);
    } catch (error) { // something in it is no plain data
      if (asked.length === 0) throw error;
      for (const one of asked) this.#sendAlone(one);
      if (answered.length + told.length > 0) this.#send({ asked: [], answered, told });
    }
  }

  #sendAlone(one: Asked): void {
    try {
      this.other.postMessage({ asked: [one] } satisfies Post);
    } catch (error) {
      const waiting = this.#waiting.get(one.number);
      this.#waiting.delete(one.number);
      waiting?.reject(error);
    }
  }
}

/** What of an error goes over. */
function failureOf(error: unknown): Failure {
  const { name, message } = error as Error;
  return { name, message };
}

/** The error that a failure was, as far as it is known here. */
function errorOf({ name, message }: Failure, errors: LineOptions<never>["errors"]): Error {
  const Known = errors?.[name];
  return Known === undefined ? Object.assign(new Error(message), { name }) : new Known(message);
}

/** The end of a thread that answers what it is asked by whoever started it, and asks nothing. */
export function answer<Ours extends Questions<Ours>>(answers: Ours): Line<Record<never, never>, Ours> {
  return new Line(self as unknown as End, { answers });
}
