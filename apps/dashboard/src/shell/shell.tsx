import { Suspense, type ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { Guard, Loading } from "../elements/panel.tsx";
import { AccountMenu } from "./account-menu.tsx";
import { KeyHelp } from "./key-help.tsx";
import { LiveBadge } from "./live-badge.tsx";
import { Mark } from "./mark.tsx";
import { Palette } from "./palette.tsx";
import { places } from "./places.ts";
import classes from "./shell.module.css";

/** What stands around every page: where one can go, whether what is shown is live, and who has signed in. */
export function Shell({ children }: { children: ReactNode }) {
  const [location] = useLocation();
  return (
    <>
      <a className={classes.skip} href={`${location.replace(/^\//, "") || "."}#content`}>
        Skip to the content
      </a>
      <header className={classes.bar}>
        <Link href="/" className={classes.home} aria-label="Espalier, the pool">
          <Mark />
          <span>Espalier</span>
        </Link>
        <nav aria-label="Pages" className={classes.nav}>
          {places.map(({ path, name }) => {
            const here = path === "/" ? location === "/" : location.startsWith(path);
            return (
              <Link key={path} href={path} aria-current={here ? "page" : undefined}>
                {name}
              </Link>
            );
          })}
        </nav>
        <div className={classes.end}>
          <LiveBadge />
          <AccountMenu />
        </div>
      </header>
      <Guard key={location}>
        <Suspense fallback={<Loading rows={8} />}>{children}</Suspense>
      </Guard>
      <KeyHelp />
      <Palette />
    </>
  );
}
