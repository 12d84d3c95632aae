import { type Context, definePlugin, type PluginEvent, post, z } from "coinrelay/plugin";

const options = z.strictObject({
  url: z.url({ protocol: /^https?$/, error: "is no http:// or https:// URL" }),
  method: z.enum(["POST", "PUT", "PATCH"]).default("POST"),
  headers: z.record(
    z.string().regex(/^[!#$%&'*+.^_`|~0-9a-z-]+$/i, "is not a header name"),
    z.string().regex(/^[\t\x20-\x7e]*$/, "is not a header value: plain ASCII on one line"),
  ).default({}),
  secret: z.string().refine(
    (secret) => keyBytes(secret) !== null,
    "is not a Standard Webhooks secret: whsec_ and base64 of 24 to 64 bytes (openssl rand -base64 32 makes one)",
  ).optional().describe("Signs each request by Standard Webhooks"),
});

/** Sends each event as JSON to a URL, signed by Standard Webhooks where a secret is given. */
export default definePlugin({
  description: "Sends the event as JSON to a URL, signed by Standard Webhooks",
  options,
  async run(event, context) {
    const { url, method, secret } = context.options;
    const body = JSON.stringify(bodyOf(event));
    const headers: Record<string, string> = { "content-type": "application/json", "user-agent": "coinrelay" };
    for (const [name, value] of Object.entries(context.options.headers)) headers[name.toLowerCase()] = value;
    headers["webhook-id"] = context.idempotencyKey;
    if (secret) Object.assign(headers, await signature(secret, context, body));
    await post(context, url, { method, headers, body });
  },
});

/** What the receiver gets; `test` is there only when it is one. */
function bodyOf({ id, type, source, receivedAt, coin, changes, data, test }: PluginEvent) {
  return { id, type, source, receivedAt, coin, changes, data, ...test && { test } };
}

/** The headers that prove who sent `body` and when (https://www.standardwebhooks.com). */
async function signature(secret: string, context: Context<unknown>, body: string) {
  const timestamp = Math.floor(Date.now() / 1000);
  const bytes = keyBytes(secret) ?? new Uint8Array();
  const key = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const signed = new TextEncoder().encode(`${context.idempotencyKey}.${timestamp}.${body}`);
  const mac = new Uint8Array(await crypto.subtle.sign("HMAC", key, signed));
  return { "webhook-timestamp": String(timestamp), "webhook-signature": `v1,${mac.toBase64()}` };
}

/** The key that a secret stands for; null when it is none. */
function keyBytes(secret: string): Uint8Array<ArrayBuffer> | null {
  try {
    const bytes = Uint8Array.fromBase64(secret.replace(/^whsec_/, ""));
    return bytes.length >= 24 && bytes.length <= 64 ? bytes : null;
  } catch {
    return null;
  }
}
