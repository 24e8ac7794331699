/**
 * A size of an axis: a number, or a polynomial with whole coefficients over named sizes, in normal form:
 * `"batch"`, `"3*time"`, `"batch*time"`, `"batch+negatives"`. Two sizes are equal when their normal forms are.
 */
export type Dim = number | string;

/** Monomial (its names, sorted and joined by `*`; "" is the constant) → coefficient. */
type Polynomial = Map<string, number>;

function parse(dim: Dim): Polynomial {
  if (typeof dim === "number") {
    if (!Number.isInteger(dim)) throw new RangeError(`a size must be a whole number, not ${dim}`);
    return new Map([["", dim]]);
  }
  const sum: Polynomial = new Map();
  for (const term of dim.split("+")) {
    let coefficient = 1;
    const names: string[] = [];
    for (const factor of term.split("*").map((text) => text.trim())) {
      if (/^-?\d+$/.test(factor)) coefficient *= Number(factor);
      else if (/^[A-Za-z_]\w*$/.test(factor)) names.push(factor);
      else throw new SyntaxError(`"${dim}" is not a size such as "batch", "3*time" or "batch+negatives"`);
    }
    const key = names.sort().join("*");
    sum.set(key, (sum.get(key) ?? 0) + coefficient);
  }
  return sum;
}

function print(sum: Polynomial): Dim {
  const parts = [...sum].filter(([, coefficient]) => coefficient !== 0);
  if (parts.every(([key]) => key === "")) return parts[0]?.[1] ?? 0;
  parts.sort(([a], [b]) => (a === "" ? 1 : b === "" || a < b ? -1 : 1));
  return parts
    .map(([key, coefficient]) =>
      key === "" ? `${coefficient}` : coefficient === 1 ? key : `${coefficient}*${key}`,
    )
    .join("+");
}

/** The normal form, so that sizes may be compared with `===`. Throws SyntaxError or RangeError. */
export const normal = (dim: Dim): Dim => print(parse(dim));

/** a + b. */
export function plus(a: Dim, b: Dim): Dim {
  const sum = parse(a);
  for (const [names, coefficient] of parse(b)) sum.set(names, (sum.get(names) ?? 0) + coefficient);
  return print(sum);
}

/** a · b. */
export function times(a: Dim, b: Dim): Dim {
  const product: Polynomial = new Map();
  for (const [namesA, x] of parse(a)) {
    for (const [namesB, y] of parse(b)) {
      const names = [...namesA.split("*"), ...namesB.split("*")].filter(Boolean).sort().join("*");
      product.set(names, (product.get(names) ?? 0) + x * y);
    }
  }
  return print(product);
}

/** a − b. */
export const minus = (a: Dim, b: Dim): Dim => plus(a, times(-1, b));

/** How many elements a shape has. */
export const volume = (shape: readonly Dim[]): Dim => shape.reduce<Dim>(times, 1);

/** What a size is once its names have values. Throws RangeError when one has none. */
export function evaluate(dim: Dim, sizes: ReadonlyMap<string, number>): number {
  if (typeof dim === "number") return dim;
  let sum = 0;
  for (const [key, coefficient] of parse(dim)) {
    let product = coefficient;
    for (const name of key.split("*").filter(Boolean)) {
      const size = sizes.get(name);
      if (size === undefined) throw new RangeError(`no input fixes the size "${name}"`);
      product *= size;
    }
    sum += product;
  }
  return sum;
}

/** The terms of a size, for engines that compute it on the fly: each a coefficient and the names it multiplies. */
export const terms = (dim: Dim): { coefficient: number; names: string[] }[] =>
  [...parse(dim)].map(([key, coefficient]) => ({ coefficient, names: key.split("*").filter(Boolean) }));
