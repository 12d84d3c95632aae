/** A plugin's `fetch`: the runtime's own, with refusals put in words and told to the relay. @module */
import { refusalOf } from "./failure.ts";
import type { SentNotes } from "./sent_notes.ts";
import { createTemplates } from "./templates.ts";

const templateOf = createTemplates();

/**
 * A client that connects over IPv4 alone: a process that may reach any public host is kept from private networks by a
 * list of what is denied, and Deno's takes no IPv6 ranges.
 */
export function ipv4Client(): Deno.HttpClient {
  return Deno.createHttpClient({ localAddress: "0.0.0.0" });
}

/**
 * Makes a `fetch` of another.
 *
 * @param onRefusal Told each error that says the process lacks a permission, in the words in which it is thrown.
 * @param notes Where what is sent is noted; undefined where that is not known.
 */
export function watchedFetch(
  original: typeof fetch,
  client: Deno.HttpClient | undefined,
  onRefusal: (error: Error) => void,
  notes: () => SentNotes | undefined,
): typeof fetch {
  return async (input, init) => {
    const note = notes()?.request(input, init);
    const called = new Error();
    try {
      const given = client === undefined ? init : { client, ...init } as RequestInit;
      const target = typeof input === "string" && init?.signal ? templateOf(input) : input;
      const response = await original(target, given);
      note?.answered(response.status);
      return response;
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === null) throw calledFrom(called, error);
      note?.refused();
      const told = new Deno.errors.NotCapable(
        `Requires ${refusal.kind} access to "${refusal.target}", which its route does not grant`,
      );
      onRefusal(told);
      throw calledFrom(called, told);
    }
  };
}

/** The stack of an error that comes after an `await` ends there: it is given that of its call, which names the line. */
function calledFrom(called: Error, error: unknown): unknown {
  try {
    const { stack } = called;
    if (error instanceof Error) error.stack += stack?.replace(/^.*/, "") ?? "";
  } catch {
    // frozen, so without the line
  }
  return error;
}
