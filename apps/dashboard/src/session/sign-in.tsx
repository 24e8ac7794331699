import { useEffect, useRef, useState } from "react";
import { isSignedOut } from "../api/problem.ts";
import type { SignInWays } from "@espalier/contract";
import { get, send } from "../api/request.ts";
import { Command } from "../elements/command.tsx";
import { ProblemNote } from "../elements/problem-note.tsx";
import { Mark } from "../shell/mark.tsx";
import classes from "./sign-in.module.css";

/** Exchanges an API key for a session, whose cookie no script can read. The key is not kept. */
export function SignIn({ done }: { done: () => void }) {
  const [error, setError] = useState<Error>();
  const [busy, setBusy] = useState(false);
  const [ways, setWays] = useState<SignInWays>();
  useEffect(() => {
    // Where it cannot be asked, the key is tried, and says why.
    get<SignInWays>("session").then(setWays, () => undefined);
  }, []);
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
        {ways?.oidc && (
          <p className={classes.or}>
            <a href={startOf(ways.oidc.start)} className={classes.provider}>
              Sign in by {ways.oidc.host}
            </a>
          </p>
        )}
        <p className={classes.hint}>A service that you started yourself keeps its first key here:</p>
        <Command line="cat .espalier/key" />
      </form>
    </main>
  );
}

/** Where the provider's sign-in begins; it leads back to the page that was asked for. */
function startOf(path: string): string {
  const url = new URL(path, document.baseURI);
  url.searchParams.set("to", location.href.slice(document.baseURI.length));
  return url.href;
}
