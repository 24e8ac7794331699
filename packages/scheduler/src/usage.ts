import type { Instant } from "./snapshot.ts";

/** Device seconds, weighted by class, as they had decayed at an instant. */
export interface Usage {
  readonly deviceSeconds: number;
  readonly at: Instant;
}

/** Usage at a later instant: u(t) = u(t₀) · 2^(−(t − t₀)/h). */
export const decayed = ({ deviceSeconds, at }: Usage, now: Instant, halfLifeMs: number): number =>
  deviceSeconds * 2 ** (-Math.max(0, now - at) / halfLifeMs);

/**
 * Usage after holding `units` device units from `usage.at` until `now`; exact for any step, so that it does not matter
 * how often it is brought up to date:
 *   u(t) = u(t₀) · 2^(−Δ/h) + units · (h / ln 2) · (1 − 2^(−Δ/h))
 */
export function accrued(usage: Usage, units: number, now: Instant, halfLifeMs: number): Usage {
  const kept = 2 ** (-Math.max(0, now - usage.at) / halfLifeMs);
  const gained = units * (halfLifeMs / 1000 / Math.LN2) * (1 - kept);
  return { deviceSeconds: usage.deviceSeconds * kept + gained, at: now };
}
