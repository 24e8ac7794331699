/** Writes the gradient at `x` into `gradient` and returns the value there. */
export type Objective = (x: Float64Array, gradient: Float64Array) => number;

/** Pairs of steps and changes of the gradient that are kept. */
const memory = 10;
/** Share of the decrease that the slope promises which a step must reach (Armijo). */
const decrease = 1e-4;

/**
 * Minimises a smooth convex function by L-BFGS (Liu & Nocedal 1989) with backtracking, from `x`, in place.
 * @param tolerance the greatest part of the gradient at which it is done
 */
export function minimise(
  objective: Objective,
  x: Float64Array,
  { tolerance, iterations }: { tolerance: number; iterations: number },
): void {
  const n = x.length;
  let gradient = new Float64Array(n);
  let value = objective(x, gradient);
  const pairs: { s: Float64Array; y: Float64Array; rho: number }[] = [];
  for (let iteration = 0; iteration < iterations && largest(gradient) > tolerance; iteration++) {
    const direction = directionOf(gradient, pairs);
    const slope = inner(direction, gradient);
    let step = pairs.length === 0 ? Math.min(1, 1 / Math.sqrt(inner(gradient, gradient))) : 1;
    const next = new Float64Array(n);
    const gradientThere = new Float64Array(n);
    let there = Infinity;
    for (let halvings = 0; halvings < 40; halvings++, step /= 2) {
      for (let i = 0; i < n; i++) next[i] = x[i]! + step * direction[i]!;
      there = objective(next, gradientThere);
      if (there <= value + decrease * step * slope) break;
    }
    if (!(there < value)) return;
    const s = next.map((each, i) => each - x[i]!);
    const y = gradientThere.map((each, i) => each - gradient[i]!);
    const sy = inner(s, y);
    if (sy > 1e-12 * inner(y, y)) {
      pairs.push({ s, y, rho: 1 / sy });
      if (pairs.length > memory) pairs.shift();
    }
    x.set(next);
    [gradient, value] = [gradientThere, there];
  }
}

/** The two-loop recursion: minus the approximate inverse Hessian times the gradient. */
function directionOf(
  gradient: Float64Array,
  pairs: readonly { s: Float64Array; y: Float64Array; rho: number }[],
): Float64Array {
  const q = gradient.map((each) => -each);
  const alphas: number[] = [];
  for (const { s, y, rho } of pairs.toReversed()) {
    const alpha = rho * inner(s, q);
    alphas.push(alpha);
    add(q, y, -alpha);
  }
  const last = pairs.at(-1);
  if (last) scale(q, 1 / (last.rho * inner(last.y, last.y)));
  for (const { s, y, rho } of pairs) add(q, s, alphas.pop()! - rho * inner(y, q));
  return q;
}

function inner(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function add(to: Float64Array, part: Float64Array, factor: number): void {
  for (let i = 0; i < to.length; i++) to[i]! += factor * part[i]!;
}

function scale(vector: Float64Array, factor: number): void {
  for (let i = 0; i < vector.length; i++) vector[i]! *= factor;
}

const largest = (vector: Float64Array): number =>
  vector.reduce((most, each) => Math.max(most, Math.abs(each)), 0);
