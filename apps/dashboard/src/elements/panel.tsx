import { Component, type ReactNode } from "react";
import type { UseQueryResult } from "@tanstack/react-query";
import { ProblemNote } from "./problem-note.tsx";
import { Ago } from "./time.tsx";
import classes from "./panel.module.css";

interface FrameProps {
  title?: string | undefined;
  /** Beside the title. */
  aside?: ReactNode;
  children: ReactNode;
}

/** A part of a page with its title. What breaks inside it leaves the rest of the page as it is. */
export const Frame = ({ title, aside, children }: FrameProps) => (
  <section className={classes.panel} aria-label={title}>
    {(title !== undefined || aside !== undefined) && (
      <header className={classes.head}>
        {title !== undefined && <h2>{title}</h2>}
        <div className={classes.aside}>{aside}</div>
      </header>
    )}
    <Guard>{children}</Guard>
  </section>
);

interface PanelProps<T> extends Omit<FrameProps, "children"> {
  query: UseQueryResult<T>;
  /** Rows that are likely to come, whose height is kept while they load. */
  rows?: number;
  children: (data: T) => ReactNode;
}

/**
 * A part of a page that shows a resource. While it loads its height is kept; when it cannot be had, what was there before stays, dimmed
 * and with its age, beside what went wrong.
 */
export function Panel<T>({ query, rows = 4, children, ...frame }: PanelProps<T>) {
  const { data, error, dataUpdatedAt, isPlaceholderData, refetch } = query;
  const old = data !== undefined && (error !== null || isPlaceholderData);
  return (
    <Frame {...frame}>
      {error !== null && <ProblemNote error={error} retry={() => void refetch()} />}
      {old && error !== null && (
        <p className={classes.age}>
          What follows is from <Ago at={new Date(dataUpdatedAt).toISOString()} />.
        </p>
      )}
      {data !== undefined ? (
        <div className={old ? classes.old : undefined}>{children(data)}</div>
      ) : (
        error === null && <Loading rows={rows} />
      )}
    </Frame>
  );
}

export const Loading = ({ rows }: { rows: number }) => (
  <div role="status" className={classes.loading}>
    <span className="said">Loading …</span>
    {Array.from({ length: rows }, (_, row) => (
      <div key={row} className={classes.bone} />
    ))}
  </div>
);

/** Shows what broke in place of what it holds. */
export class Guard extends Component<{ children: ReactNode }, { error?: Error }> {
  override state: { error?: Error } = {};

  static getDerivedStateFromError(error: Error): { error: Error } {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (!error) return this.props.children;
    return <ProblemNote error={error} retry={() => this.setState({ error: undefined } as never)} />;
  }
}
