/** What a relay has claimed and not ended: it holds that by leases, be the attempt over, under way or to come. @module */
import type { Claimed, Store } from "../store/contract.ts";

/** Shortens the leases for tests that kill relays which share a store. */
export const LEASE_VARIABLE = "COINRELAY_LEASE_SECONDS";
/** How long a claim holds without being renewed: what a crash delays, where several relays share a store. */
export const LEASE_MS = 1000 * Number(Deno.env.get(LEASE_VARIABLE) ?? 60);
/** How often leases are to be renewed. */
export const RENEW_EVERY_MS = LEASE_MS / 3;

/**
 * The claims that hold. A delivery may be lost to another relay, and claimed again; it may also be claimed again as soon
 * as its end is committed, before this relay has heard of the commit. So each claim counts for itself, and a later one
 * of its delivery takes its place.
 */
export class Leases {
  readonly #held = new Map<number, Claimed>();

  /** @param relay Names this process to the store. */
  constructor(private readonly store: Pick<Store, "renew">, private readonly relay: string) {}

  take(claimed: Claimed): void {
    this.#held.set(claimed.delivery.id, claimed);
  }

  /** Whether a claim still holds: it was neither ended nor lost, and no later one has taken its place. */
  has(claimed: Claimed): boolean {
    return this.#held.get(claimed.delivery.id) === claimed;
  }

  /** Lets go of a claim; a later one of its delivery stays. */
  end(claimed: Claimed): void {
    if (this.has(claimed)) this.#held.delete(claimed.delivery.id);
  }

  /** The deliveries that are held. */
  deliveries(): number[] {
    return [...this.#held.keys()];
  }

  /**
   * Renews all until `until`, and lets go of what was lost; answers whether any was. What is claimed meanwhile needs no
   * renewal.
   */
  async renew(until: number): Promise<boolean> {
    if (this.#held.size === 0) return false;
    const asked = [...this.#held.values()];
    const still = new Set(
      await this.store.renew(this.relay, asked.map(({ delivery }) => delivery.id), until),
    );
    const lost = asked.filter((claimed) => this.has(claimed) && !still.has(claimed.delivery.id));
    lost.forEach((claimed) => this.end(claimed));
    return lost.length > 0;
  }
}
