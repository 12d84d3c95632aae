/** Throw it to be tried again, not before so many seconds. */
export class RetryLater extends Error {
  /** Tells it from other errors. */
  override name = "RetryLater";
  /**
   * Asks for another try.
   *
   * @param seconds The least wait before the next attempt, from 0 on; more than a day is taken for a day.
   */
  constructor(public readonly seconds: number, message = `asked to be tried again in ${seconds} s`) {
    super(message);
  }
}

/** Throw it when no retry would help: the delivery goes to the dead letters at once. */
export class Permanent extends Error {
  /** Tells it from other errors. */
  override name = "Permanent";
  /**
   * Gives the delivery up.
   *
   * @param reason What is wrong, for the person who reads the dead letter.
   */
  constructor(reason: string) {
    super(reason);
  }
}
