import type { Page, Run } from "@espalier/contract";
import { useEffect, useRef, useState } from "react";
import { useLocation } from "wouter";
import { useResource } from "../api/use-resource.ts";
import { wordOf } from "../elements/badge.tsx";
import dialog from "../elements/dialog.module.css";
import { titleOf } from "../runs/title.ts";
import { onKey } from "./keys.ts";
import { places } from "./places.ts";
import classes from "./palette.module.css";

interface Target {
  path: string;
  title: string;
  about: string;
}

/** `Ctrl-K`: goes to a page, or to a run by its name, its tags or its id. */
export function Palette() {
  const [, go] = useLocation();
  const box = useRef<HTMLDialogElement>(null);
  const [open, setOpen] = useState(false);
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  useEffect(
    () =>
      onKey("Ctrl-K", "Go anywhere", () => {
        setText("");
        setAt(0);
        setOpen(true);
        box.current?.showModal();
      }),
    [],
  );
  const wanted = text.trim();
  const runs = useResource<Page<Run>>("runs", {
    query: { q: wanted, limit: 8 },
    enabled: open && wanted.length > 1,
  });
  const targets: Target[] = [
    ...places
      .filter(({ name }) => name.toLowerCase().startsWith(wanted.toLowerCase()))
      .map(({ path, name, key }) => ({ path, title: name, about: `g ${key}` })),
    ...(wanted.length > 1 ? (runs.data?.items ?? []) : []).map((run) => ({
      path: `/runs/${run.id}`,
      title: titleOf(run),
      about: wordOf(run.state),
    })),
  ];
  const choose = (target: Target | undefined): void => {
    if (!target) return;
    box.current?.close();
    go(target.path);
  };
  const walk = (by: number): void =>
    setAt((before) => Math.max(0, Math.min(targets.length - 1, before + by)));
  return (
    <dialog
      ref={box}
      className={dialog.dialog}
      aria-label="Go anywhere"
      onClose={() => setOpen(box.current?.open ?? false)}
    >
      <input
        role="combobox"
        aria-label="Go to"
        aria-expanded={targets.length > 0}
        aria-controls="targets"
        aria-activedescendant={targets.length > 0 ? `target-${at}` : undefined}
        placeholder="A page, or a run by its name, tag or id"
        value={text}
        onChange={({ target }) => {
          setText(target.value);
          setAt(0);
        }}
        onKeyDown={(event) => {
          if (event.key === "ArrowDown") walk(1);
          else if (event.key === "ArrowUp") walk(-1);
          else if (event.key === "Enter") choose(targets[at]);
          else return;
          event.preventDefault();
        }}
      />
      <ul id="targets" role="listbox" aria-label="Targets" className={classes.targets}>
        {targets.map((target, i) => (
          <li
            key={target.path}
            id={`target-${i}`}
            role="option"
            aria-selected={i === at}
            onClick={() => choose(target)}
          >
            <span>{target.title}</span>
            <span className={classes.about}>{target.about}</span>
          </li>
        ))}
      </ul>
    </dialog>
  );
}
