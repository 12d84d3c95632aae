/** Lets only so many tasks run at a time. @module */

/** Where tasks wait for their turn. */
export interface Turnstile {
  /** Runs a task, which must not reject, as soon as there is room for it. */
  enter(task: () => Promise<void>): void;
  /** How many wait. */
  readonly waiting: number;
}

/** Makes a turnstile that lets `most` tasks run at a time, in the order in which they came. */
export function createTurnstile(most: number): Turnstile {
  const waiting: (() => Promise<void>)[] = [];
  let inside = 0;

  function admit() {
    const task = inside < most ? waiting.shift() : undefined;
    if (task === undefined) return;
    inside++;
    void task().then(() => {
      inside--;
      admit();
    });
  }

  return {
    enter(task) {
      waiting.push(task);
      admit();
    },
    get waiting() {
      return waiting.length;
    },
  };
}
