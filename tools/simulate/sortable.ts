/** Items in the order of their ids, so that the plan need not sort them in every pass. */
export class Sortable<T extends { readonly id: string }> {
  readonly items: T[] = [];

  add(item: T): void {
    this.items.splice(this.#placeOf(item.id), 0, item);
  }

  remove(id: string): void {
    const place = this.#placeOf(id);
    if (this.items[place]?.id === id) this.items.splice(place, 1);
  }

  #placeOf(id: string): number {
    let low = 0;
    let high = this.items.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.items[middle]!.id < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
