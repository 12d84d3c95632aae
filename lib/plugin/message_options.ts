import { z } from "zod";
import { SEVERITIES } from "./severity.ts";
import { isTemplate } from "./template.ts";

/** Whether the runtime knows this locale or time zone. */
function known(make: () => unknown): boolean {
  try {
    make();
    return true;
  } catch {
    return false;
  }
}

/**
 * The options that every plugin which sends messages takes, to be spread into its own:
 * `z.strictObject({ webhookUrl: z.url(), ...messageOptions })`. Each is made when it is asked for.
 */
export const messageOptions = {
  get message() {
    return z.string().min(1)
      .refine(isTemplate, "is no Mustache template: a section is not closed, or not opened").optional()
      .describe(
        "A Mustache template over the event, in the receiver's own markup; default: a message that says all that changed",
      );
  },
  get severity() {
    const severity = z.enum(SEVERITIES);
    return z.union([severity, z.record(z.string(), severity)], {
      error: `must be one of ${SEVERITIES.join(", ")}, or an object with one of them for each field pattern`,
    }).optional().describe(
      'One severity for everything, or one for each field pattern: { "platforms.*": "critical" }',
    );
  },
  get coinPage() {
    return z.url({ protocol: /^https?$/, error: "is no http:// or https:// URL" }).optional().describe(
      "Address of a coin's page; the coin's id takes the place of {id}, or is appended",
    );
  },
  get locale() {
    return z.string().refine((tag) => known(() => new Intl.Locale(tag)), "is not a BCP 47 language tag")
      .optional().describe('Language tag for dates and numbers, such as "de-CH"; default: en-GB');
  },
  get timeZone() {
    return z.string().refine(
      (timeZone) => known(() => new Intl.DateTimeFormat("en", { timeZone })),
      "is not an IANA time zone",
    ).optional().describe('Time zone for dates, such as "Europe/Zurich"; default: UTC');
  },
};

/** The values of {@linkcode messageOptions}. */
export type MessageOptions = z.output<z.ZodObject<typeof messageOptions>>;
