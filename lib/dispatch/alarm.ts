/** A timer that is asked for several times, and rings at the earliest. @module */

/** Rings once for all the times that it was set to before. */
export class Alarm {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #at = Infinity;

  /** @param now Milliseconds since 1970. */
  constructor(private readonly now: () => number, private readonly ring: () => void) {}

  /** Has it ring at `time` (milliseconds since 1970), unless it is to ring earlier anyway. */
  set(time: number): void {
    if (time >= this.#at) return;
    clearTimeout(this.#timer);
    this.#at = time;
    this.#timer = setTimeout(() => {
      this.#at = Infinity;
      this.ring();
    }, Math.max(0, time - this.now()));
  }

  /** It rings no more, until it is set again. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#at = Infinity;
  }
}
