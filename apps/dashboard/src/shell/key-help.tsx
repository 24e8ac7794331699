import { useEffect, useRef, useState } from "react";
import { useLocation } from "wouter";
import { Button } from "../elements/button.tsx";
import { boundKeys, listenToKeys, onKey } from "./keys.ts";
import { places } from "./places.ts";
import dialog from "../elements/dialog.module.css";
import classes from "./key-help.module.css";

/** Keys that work on every page, and `?`, which shows all that work now. */
export function KeyHelp() {
  const [, go] = useLocation();
  const help = useRef<HTMLDialogElement>(null);
  const [shown, setShown] = useState<readonly { keys: string; title: string }[]>([]);
  useEffect(() => listenToKeys(), []);
  useEffect(() => {
    const ends = [
      onKey("?", "All keys", () => {
        setShown(boundKeys());
        help.current?.showModal();
      }),
      onKey("/", "Search on the page", () =>
        document.querySelector<HTMLInputElement>("main input[type=search]")?.focus(),
      ),
      ...places.map(({ key, name, path }) => onKey(`g ${key}`, `Go to ${name}`, () => go(path))),
    ];
    return () => {
      for (const end of ends) end();
    };
  }, [go]);
  return (
    <dialog ref={help} className={dialog.dialog} aria-label="Keys">
      <h2>Keys</h2>
      <dl className={classes.keys}>
        {shown.map(({ keys, title }) => (
          <div key={keys}>
            <dt>
              {keys.split(" ").map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{title}</dd>
          </div>
        ))}
      </dl>
      <div className={dialog.buttons}>
        <Button onPress={() => help.current?.close()}>Close</Button>
      </div>
    </dialog>
  );
}
