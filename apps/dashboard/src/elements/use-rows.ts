import { useEffect, useRef, useState } from "react";
import { onKey } from "../shell/keys.ts";

interface RowAttributes {
  "data-row": string;
  tabIndex: number;
  onFocus: () => void;
}

interface Options {
  toggle: (id: string) => void;
  open: (id: string) => void;
  /** Scrolls to a row that is not in the page yet. */
  reveal?: (index: number) => void;
}

/** Rows that are walked through by `j` and `k`, chosen by `x`, and opened by Enter; returns the attributes of a row. */
export function useRows(ids: readonly string[], options: Options): (id: string) => RowAttributes {
  const [at, setAt] = useState<string>();
  const latest = useRef({ ids, at, ...options });
  latest.current = { ids, at, ...options };
  useEffect(() => {
    const walk = (by: number): void => {
      const now = latest.current;
      const index = Math.max(0, Math.min(now.ids.length - 1, now.ids.indexOf(now.at ?? "") + by));
      const id = now.ids[index];
      if (id === undefined) return;
      setAt(id);
      now.reveal?.(index);
      requestAnimationFrame(() => document.querySelector<HTMLElement>(`[data-row="${id}"]`)?.focus());
    };
    const withRow = (act: (id: string) => void) => () => {
      if (latest.current.at !== undefined) act(latest.current.at);
    };
    const ends = [
      onKey("j", "Next row", () => walk(1)),
      onKey("k", "Row before", () => walk(-1)),
      onKey(
        "x",
        "Choose the row",
        withRow((id) => latest.current.toggle(id)),
      ),
      onKey(
        "Enter",
        "Open the row",
        withRow((id) => latest.current.open(id)),
        { within: "[data-row]" },
      ),
    ];
    return () => {
      for (const end of ends) end();
    };
  }, []);
  return (id) => ({ "data-row": id, tabIndex: id === at ? 0 : -1, onFocus: () => setAt(id) });
}
