/** Has what ended wait for the next claim: together both cost the store less. @module */

/** So long at most, in milliseconds. */
const PATIENCE_MS = 5;

/** Who waits for company. */
export class Company {
  #go: (() => void) | null = null;

  /** Resolves when the next claim goes, or after a moment. */
  wait(): Promise<void> {
    return new Promise((resolve) => {
      const patience = setTimeout(() => this.leave(), PATIENCE_MS);
      this.#go = () => {
        clearTimeout(patience);
        resolve();
      };
    });
  }

  /** Lets whoever waits go now. */
  leave(): void {
    this.#go?.();
    this.#go = null;
  }
}
