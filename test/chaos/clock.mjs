// Preloaded into one process of the suite: its wall clock is off by CHAOS_CLOCK_MS. The monotonic clock is not.
const offset = Number(process.env.CHAOS_CLOCK_MS);
const Right = Date;

globalThis.Date = class Date extends Right {
  constructor(...parts) {
    if (parts.length === 0) super(Right.now() + offset);
    else super(...parts);
  }

  static now() {
    return Right.now() + offset;
  }
};
