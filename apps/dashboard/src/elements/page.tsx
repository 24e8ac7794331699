import type { UseQueryResult } from "@tanstack/react-query";
import { useEffect, useRef, type ReactNode } from "react";
import { ProblemNote } from "./problem-note.tsx";
import { Ago } from "./time.tsx";
import classes from "./page.module.css";

interface PageProps {
  title: string;
  /** Beside the title. */
  actions?: ReactNode;
  /** Under the title. */
  lead?: ReactNode;
  /** What the whole page shows: while it cannot be had anew, what was there before stays, dimmed and with its age. */
  query?: Pick<UseQueryResult, "error" | "dataUpdatedAt" | "refetch">;
  children: ReactNode;
}

/** A page with its title, which gets the focus when somebody comes here from another page. */
export function Page({ title, actions, lead, query, children }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Espalier`;
  }, [title]);
  useEffect(() => {
    if (document.activeElement === null || document.activeElement === document.body) heading.current?.focus();
  }, []);
  return (
    <main className={query?.error ? `${classes.page} ${classes.old}` : classes.page} id="content">
      <header className={classes.head}>
        <div className={classes.title}>
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {lead}
        </div>
        <div className={classes.actions}>{actions}</div>
      </header>
      {query?.error && (
        <div>
          <ProblemNote error={query.error} retry={() => void query.refetch()} />
          <p className={classes.age}>
            What follows is from <Ago at={new Date(query.dataUpdatedAt).toISOString()} />.
          </p>
        </div>
      )}
      {children}
    </main>
  );
}
