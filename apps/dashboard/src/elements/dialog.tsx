import { useEffect, useRef, useState, type ReactNode } from "react";
import { Button } from "./button.tsx";
import { ProblemNote } from "./problem-note.tsx";
import classes from "./dialog.module.css";

interface DialogProps {
  /** What the button that opens it says. */
  opener: ReactNode;
  /** Where that does not say of what. */
  label?: string;
  look?: "plain" | "strong" | "bare" | "danger";
  disabled?: boolean;
  title: string;
  /** What the button that does it says. */
  confirm: string;
  error: Error | null;
  /** Where it rejects, the dialog stays open and shows the error. */
  onConfirm: () => Promise<unknown>;
  onOpen?: () => void;
  children: ReactNode;
}

/** A button that asks before it does something. The browser keeps the focus inside and gives it back to the button. */
export function Dialog({
  opener,
  label,
  look = "bare",
  disabled,
  title,
  confirm,
  error,
  onConfirm,
  onOpen,
  children,
}: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  /** Where the focus goes when the button is gone with what it changed: the row or the part of the page that it was in. */
  const place = useRef<HTMLElement>(null);
  useEffect(
    () => () => {
      const { current } = place;
      queueMicrotask(() => {
        if (!current?.isConnected || document.activeElement !== document.body) return;
        current.tabIndex = -1;
        current.focus();
      });
    },
    [],
  );
  const close = (): void => dialog.current?.close();
  // The browser tells of it later, when somebody may have opened the dialog again.
  const closed = (): void => setOpen(dialog.current?.open ?? false);
  const submit = async (): Promise<void> => {
    setBusy(true);
    await onConfirm().then(close, () => undefined);
    setBusy(false);
  };
  return (
    <>
      <Button
        look={look}
        {...(label !== undefined && { label })}
        {...(disabled !== undefined && { disabled })}
        onPress={() => {
          setOpen(true);
          onOpen?.();
          place.current = dialog.current?.closest<HTMLElement>("tr, section") ?? null;
          dialog.current?.showModal();
        }}
      >
        {opener}
      </Button>
      <dialog ref={dialog} className={classes.dialog} aria-label={title} onClose={closed}>
        {open && (
          <form
            method="dialog"
            onSubmit={(event) => {
              event.preventDefault();
              void submit();
            }}
          >
            <h2>{title}</h2>
            {children}
            {error && <ProblemNote error={error} />}
            <div className={classes.buttons}>
              <Button onPress={close}>Keep as it is</Button>
              <button type="submit" className={classes.confirm} disabled={busy}>
                {busy ? "…" : confirm}
              </button>
            </div>
          </form>
        )}
      </dialog>
    </>
  );
}
