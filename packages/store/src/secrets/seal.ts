import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";

const version = 1;
const nonceBytes = 12;
const tagBytes = 16;

/**
 * Seals small texts with AES-256-GCM. HKDF-SHA256 derives the key from the service's secret. A sealed text is a version byte,
 * 12 random bytes, the 16 bytes of the tag, and the ciphertext. It can be opened only with the context it was sealed with.
 */
export class Seal {
  readonly #key: Buffer;

  /** @param secret a text of high entropy, of at least 32 characters */
  constructor(secret: string) {
    this.#key = Buffer.from(hkdfSync("sha256", secret, "", "espalier run secrets", 32));
  }

  seal(text: string, context: string): Buffer {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce).setAAD(Buffer.from(context));
    const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
    return Buffer.concat([Buffer.of(version), nonce, cipher.getAuthTag(), sealed]);
  }

  /** @throws when the text was sealed with another secret or context, or was changed */
  open(sealed: Uint8Array, context: string): string {
    const bytes = Buffer.from(sealed);
    const body = 1 + nonceBytes + tagBytes;
    if (bytes[0] !== version || bytes.byteLength < body) throw new Error("not a sealed text");
    const decipher = createDecipheriv("aes-256-gcm", this.#key, bytes.subarray(1, 1 + nonceBytes), {
      authTagLength: tagBytes,
    });
    decipher.setAAD(Buffer.from(context)).setAuthTag(bytes.subarray(1 + nonceBytes, body));
    return Buffer.concat([decipher.update(bytes.subarray(body)), decipher.final()]).toString("utf8");
  }
}
