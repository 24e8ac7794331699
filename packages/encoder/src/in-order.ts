/** Results in the order of their items, of which at most `atOnce` are computed at a time. It ends when all have that were begun. */
export async function* inOrder<Item, Result>(
  items: Iterable<Item>,
  atOnce: number,
  compute: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const begun: Promise<Result>[] = [];
  try {
    for (const item of items) {
      const result = compute(item);
      // A failure is met when its turn comes.
      result.catch(() => undefined);
      begun.push(result);
      if (begun.length >= atOnce) yield await begun.shift()!;
    }
    while (begun.length > 0) yield await begun.shift()!;
  } finally {
    await Promise.allSettled(begun);
  }
}
