/**
 * A visible character for each byte, as GPT-2 chose them: printable characters of Latin-1 stand for themselves, and the
 * other bytes get the characters from U+0100 on, in order.
 */
export const characterOf: readonly string[] = (() => {
  const isPrintable = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPrintable(byte) ? byte : next++));
})();

const encoder = new TextEncoder();

/** The UTF-8 of a text, one visible character for each byte. */
export function byteSpelling(text: string): string {
  let spelled = "";
  for (const byte of encoder.encode(text)) spelled += characterOf[byte]!;
  return spelled;
}
