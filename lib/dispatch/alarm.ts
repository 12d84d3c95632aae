/** A timer that is asked for several times, and rings at the earliest. @module */

/** Rings once for all the times that it was set to before. */
export class Alarm {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #at = Infinity;

  /** @param now A clock, in milliseconds. */
  constructor(private readonly now: () => number, private readonly ring: () => void) {}

  /** Has it ring at `time`, by its clock, unless it is to ring earlier anyway; never at `Infinity`. */
  set(time: number): void {
    if (time >= this.#at) return;
    clearTimeout(this.#timer);
    this.#at = time;
    this.#timer = setTimeout(() => {
      this.#at = Infinity;
      this.ring();
    }, Math.max(0, Math.ceil(time - this.now())));
  }

  /** It rings no more, until it is set again. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#at = Infinity;
  }
}
