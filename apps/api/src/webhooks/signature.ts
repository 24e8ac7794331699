import { createHmac } from "node:crypto";

/**
 * Headers by which a receiver knows from whom a message is (Standard Webhooks 1.0): its id, which is the same for every try, the seconds
 * since 1970 at which it was sent, and HMAC-SHA-256 over the id, the seconds and the body, with dots between.
 * @param secret `whsec_` and the key in Base64
 */
export function signed(
  { messageId, body, secret }: { messageId: string; body: string; secret: string },
  now = Date.now(),
): Record<string, string> {
  const seconds = String(Math.floor(now / 1000));
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const mark = createHmac("sha256", key).update(`${messageId}.${seconds}.${body}`).digest("base64");
  return {
    "content-type": "application/json",
    "webhook-id": messageId,
    "webhook-timestamp": seconds,
    "webhook-signature": `v1,${mark}`,
  };
}
