import { useEffect, useRef, useState } from "react";
import { isSignedOut } from "../api/problem.ts";
import { send } from "../api/request.ts";
import { Command } from "../elements/command.tsx";
import { ProblemNote } from "../elements/problem-note.tsx";
import { Mark } from "../shell/mark.tsx";
import classes from "./sign-in.module.css";

/** Exchanges an API key for a session, whose cookie no script can read. The key is not kept. */
export function SignIn({ done }: { done: () => void }) {
  const [error, setError] = useState<Error>();
  const [busy, setBusy] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    document.title = "Sign in · Espalier";
    field.current?.focus();
  }, []);
  const signIn = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      await send("POST", "session", { key: field.current?.value.trim() });
      done();
    } catch (caught) {
      setError(caught as Error);
      field.current?.select();
    } finally {
      setBusy(false);
    }
  };
  return (
    <main className={classes.page}>
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          void signIn();
        }}
      >
        <Mark />
        <h1>Sign in to Espalier</h1>
        <label htmlFor="key">API key</label>
        <input
          ref={field}
          id="key"
          name="key"
          type="password"
          autoComplete="current-password"
          placeholder="esp_…"
          required
          aria-invalid={error !== undefined && isSignedOut(error)}
        />
        <button type="submit" disabled={busy}>
          {busy ? "Signing in …" : "Sign in"}
        </button>
        {error && <ProblemNote error={error} />}
        <p className={classes.hint}>A service that you started yourself keeps its first key here:</p>
        <Command line="cat .espalier/key" />
      </form>
    </main>
  );
}
