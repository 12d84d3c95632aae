/** The events of each coin, in memory until they are moved elsewhere. @module */

/** Entries on their way out: events of a coin. */
export type Leaving = readonly (readonly [coin: string, seqs: readonly number[]])[];

/**
 * Two generations of lists: the elder leaves, a few entries at a time, while the younger takes in what arrives. When
 * the elder is gone, all that had arrived by its {@linkcode through} has left.
 */
export class RecentCoins {
  #younger = new Map<string, number[]>();
  #elder = new Map<string, number[]>();
  #size = 0;
  #through = 0;
  #newest = 0;

  /** How many entries there are in both generations. */
  get size(): number {
    return this.#size;
  }

  /** All events up to this one are gone once {@linkcode elderGone}. */
  get through(): number {
    return this.#through;
  }

  get elderGone(): boolean {
    return this.#elder.size === 0;
  }

  /** Makes the younger generation the elder. */
  age(): void {
    if (!this.elderGone) return;
    this.#elder = this.#younger;
    this.#younger = new Map();
    this.#through = this.#newest;
  }

  add(coin: string, seq: number): void {
    const seqs = this.#younger.get(coin);
    if (seqs) seqs.push(seq);
    else this.#younger.set(coin, [seq]);
    this.#size++;
    this.#newest = Math.max(this.#newest, seq);
  }

  find(coin: string): number[] {
    return [...this.#elder.get(coin) ?? [], ...this.#younger.get(coin) ?? []];
  }

  delete(coin: string, seq: number): void {
    for (const generation of [this.#elder, this.#younger]) {
      const seqs = generation.get(coin);
      const at = seqs?.indexOf(seq) ?? -1;
      if (at < 0) continue;
      seqs!.splice(at, 1);
      this.#size--;
      if (seqs!.length === 0) generation.delete(coin);
    }
  }

  /** Up to `count` entries of the elder generation. They stay until {@linkcode drop}. */
  next(count: number): Leaving {
    const leaving: [string, number[]][] = [];
    for (const [coin, seqs] of this.#elder) {
      if (count <= 0) break;
      leaving.push([coin, seqs.slice(-count)]);
      count -= seqs.length;
    }
    return leaving;
  }

  /** Takes out what {@linkcode next} has answered. */
  drop(leaving: Leaving): void {
    for (const [coin, { length }] of leaving) {
      const seqs = this.#elder.get(coin)!;
      seqs.length -= length;
      this.#size -= length;
      if (seqs.length === 0) this.#elder.delete(coin);
    }
  }
}
