/** Deliveries without end, tried again until they are taken, as the provider does. @module */
import { signedRequest } from "../support/signed_request.ts";
import { until } from "../support/until.ts";

/** A load that is running. */
export type ProviderLoad = ReturnType<typeof startProviderLoad>;

const PAUSE_MS = 5;
const AGAIN_MS = 50;

/** The body of the event of this number: a coin of its own, so that it is found again at the receiver. */
export const bodyOf = (number: number) =>
  JSON.stringify({
    event_type: "cg.coin.info.updated",
    data: { id: `coin-${number}`, changes: [{ field: "name", change_type: "update", new_value: "x" }] },
  });

/** Begins to send to `url`, signed with `secret`; both are asked anew for each try. */
export function startProviderLoad(url: () => string, secret: () => string) {
  const accepted: number[] = [];
  const refused: number[] = [];
  const under: Promise<void>[] = [];
  let sent = 0;
  let over = false;

  async function deliver(number: number): Promise<void> {
    for (;;) {
      const status = await post(number);
      if (status === 200) return void accepted.push(number);
      refused.push(status);
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }

  /** The answer's status; 0 when nobody answered. */
  async function post(number: number): Promise<number> {
    try {
      const request = signedRequest({ id: `evt-${number}`, secret: secret(), body: bodyOf(number) });
      const response = await fetch(`${url()}/webhook`, request);
      await response.body?.cancel();
      return response.status;
    } catch {
      return 0;
    }
  }

  const sending = (async () => {
    while (!over) {
      under.push(deliver(sent++));
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  })();

  return {
    accepted,
    /** Statuses of the tries that were not taken. */
    refused,
    /** Waits until so many more are accepted. */
    async more(count: number): Promise<void> {
      const enough = accepted.length + count;
      await until(`${enough} are accepted`, () => accepted.length >= enough);
    },
    /** Sends no new ones, and waits until all are taken; answers how many those are. */
    async end(): Promise<number> {
      over = true;
      await sending;
      await Promise.all(under);
      return sent;
    },
  };
}
