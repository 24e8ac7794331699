/** A key, or two after each other such as `g q`, and what it does. */
interface Binding {
  keys: string;
  title: string;
  act: () => void;
  /** Acts only while the focus is on what matches this selector. */
  within?: string | undefined;
}

const bindings = new Set<Binding>();
/** The second key of two comes within this time. */
const betweenMs = 1200;
let before: { key: string; at: number } | undefined;

/** Binds a key while a part of the page is there; returns its end. */
export function onKey(
  keys: string,
  title: string,
  act: () => void,
  { within }: { within?: string } = {},
): () => void {
  const binding = { keys, title, act, within };
  bindings.add(binding);
  return () => void bindings.delete(binding);
}

/** What keys do now, in the order in which they were bound. */
export const boundKeys = (): readonly Binding[] => [...bindings];

const typing = "input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]";

/** Hears keys of the whole page. Whoever types into a field, or has a dialog open, is left alone. */
export function listenToKeys(): () => void {
  const hear = (event: KeyboardEvent): void => {
    const { key, target } = event;
    const element = target instanceof Element ? target : document.body;
    const palette = (event.ctrlKey || event.metaKey) && key.toLowerCase() === "k";
    if (!palette && (event.ctrlKey || event.metaKey || event.altKey || element.matches(typing))) return;
    if (document.querySelector("dialog[open]")) return;
    const pressed = palette ? "Ctrl-K" : key;
    const pair = before && Date.now() - before.at < betweenMs ? `${before.key} ${pressed}` : undefined;
    const found = [...bindings].findLast(
      ({ keys, within }) =>
        (keys === pair || keys === pressed) && (within === undefined || element.matches(within)),
    );
    before = found || key.length > 1 ? undefined : { key: pressed, at: Date.now() };
    if (!found) return;
    event.preventDefault();
    found.act();
  };
  addEventListener("keydown", hear);
  return () => removeEventListener("keydown", hear);
}
