import { useEffect, useRef, type ReactNode } from "react";
import classes from "./page.module.css";

interface PageProps {
  title: string;
  /** Beside the title. */
  actions?: ReactNode;
  /** Under the title. */
  lead?: ReactNode;
  children: ReactNode;
}

/** A page with its title, which gets the focus when somebody comes here from another page. */
export function Page({ title, actions, lead, children }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Espalier`;
  }, [title]);
  useEffect(() => {
    if (document.activeElement === null || document.activeElement === document.body) heading.current?.focus();
  }, []);
  return (
    <main className={classes.page} id="content">
      <header className={classes.head}>
        <div className={classes.title}>
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {lead}
        </div>
        <div className={classes.actions}>{actions}</div>
      </header>
      {children}
    </main>
  );
}
