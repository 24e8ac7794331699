/**
 * A number as serde_json reads it: the digits as one integer, then one multiplication or division by a power of ten. The
 * result may be off by the last bit, and `tokenizers` uses this value to decide which of two splits is more likely.
 */
export function readScore(digits: string): number {
  const [, sign, whole, fraction = "", exponent = "0"] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(
    digits,
  )!;
  if (fraction === "" && exponent === "0") return Number(digits);
  let significand = BigInt(whole!);
  let power = Number(exponent);
  for (const digit of fraction) {
    const longer = significand * 10n + BigInt(digit);
    if (longer > 0xffffffffffffffffn) break;
    significand = longer;
    power--;
  }
  let value = Number(significand);
  while (power < -308) {
    value /= 1e308;
    power += 308;
  }
  value = power < 0 ? value / Number(`1e${-power}`) : value * Number(`1e${power}`);
  return sign === "-" ? -value : value;
}
