import { useLayoutEffect, useRef, useState, type RefObject } from "react";

/** How wide a part of the page is, in pixels, so that a drawing fills it with text of its usual size. */
export function useWidth<Part extends Element>(usual: number): [RefObject<Part | null>, number] {
  const part = useRef<Part>(null);
  const [width, setWidth] = useState(usual);
  useLayoutEffect(() => {
    if (!part.current) return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry && entry.contentRect.width > 0) setWidth(Math.max(280, Math.round(entry.contentRect.width)));
    });
    observer.observe(part.current);
    return () => observer.disconnect();
  }, []);
  return [part, width];
}
