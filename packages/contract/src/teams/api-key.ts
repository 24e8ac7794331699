import { idPrefixes, newId } from "../id.ts";

const form = /^esp_([0-9a-hjkmnp-tv-z]{26})_([0-9a-f]{64})([0-9a-f]{8})$/;

/**
 * A new API key, `esp_<id>_<secret><check>`: the id's 26 digits, 256 random bits and the CRC-32 of all before it, both in
 * hexadecimal. The fixed prefix and the check let scanners find leaked keys without asking a server.
 */
export function newApiKey(): string {
  const secret = globalThis.crypto.getRandomValues(new Uint8Array(32));
  const hex = Array.from(secret, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const body = `esp_${newId("key").slice(idPrefixes.key.length + 1)}_${hex}`;
  return body + crc32(body);
}

/** The id in the text of a key; undefined for a mistyped one. It does not say whether the key is valid. */
export function apiKeyId(text: string): string | undefined {
  const [, digits, secret, check] = form.exec(text) ?? [];
  return digits !== undefined && crc32(`esp_${digits}_${secret}`) === check
    ? `${idPrefixes.key}_${digits}`
    : undefined;
}

/** CRC-32 (ISO 3309, polynomial EDB88320) of ASCII text, 8 hexadecimal digits. */
function crc32(text: string): string {
  let crc = 0xffffffff;
  for (let i = 0; i < text.length; i++) {
    crc ^= text.charCodeAt(i);
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ((crc ^ 0xffffffff) >>> 0).toString(16).padStart(8, "0");
}
