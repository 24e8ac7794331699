import type { ReactNode } from "react";
import { Command } from "./command.tsx";
import classes from "./empty.module.css";

interface EmptyProps {
  title: string;
  /** The line of the command line that makes what is missing. */
  command?: string;
  children?: ReactNode;
}

/** What an empty page says: what would be here, and how to get it. */
export const Empty = ({ title, command, children }: EmptyProps) => (
  <div className={classes.empty}>
    <p className={classes.title}>{title}</p>
    {children}
    {command !== undefined && <Command line={command} />}
  </div>
);
