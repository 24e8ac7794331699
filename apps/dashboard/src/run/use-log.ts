import type { LogLevel, LogLine, LogPage } from "@espalier/contract";
import { useCallback, useEffect, useRef, useState } from "react";
import { get, type Query } from "../api/request.ts";

/** Which lines are wanted: of this level and graver ones, with this text in them. */
export interface LogFilter {
  level: LogLevel;
  q: string;
}

export interface Log {
  lines: readonly LogLine[];
  /** Whether the last lines have come, if there are any. */
  complete: boolean;
  error: Error | undefined;
  /** Reads the lines before those that are there; undefined where there are none. */
  earlier: (() => Promise<void>) | undefined;
}

const limit = 200;
/** Milliseconds between looks for new lines, while the run can write them. */
const everyMs = 2_000;
/** Lines that are kept, the last ones; all of them are in the raw log. */
const most = 20_000;
const nothing = { lines: [], complete: false, error: undefined, before: undefined };

interface State {
  lines: readonly LogLine[];
  complete: boolean;
  error: Error | undefined;
  /** Leads to the lines before. */
  before: string | undefined;
}

const queryOf = ({ level, q }: LogFilter): Query => ({
  limit,
  ...(level !== "debug" && { level }),
  ...(q !== "" && { q }),
});

/** The log of a run from its last lines on, further while `follows`, and back on demand. */
export function useLog(runId: string, filter: LogFilter, follows: boolean): Log {
  const { level, q } = filter;
  const [state, setState] = useState<State>(nothing);
  const position = useRef<{ of: string; cursor?: string | undefined; ended: boolean }>(undefined);
  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const of = JSON.stringify([runId, level, q]);
    if (position.current?.of !== of) {
      position.current = { of, ended: false };
      setState(nothing);
    }
    const read = async (): Promise<void> => {
      const now = position.current!;
      if (now.ended) return;
      try {
        const first = now.cursor === undefined;
        const page = await get<LogPage>(
          `runs/${runId}/logs`,
          { ...queryOf({ level, q }), ...(first ? { tail: true } : { cursor: now.cursor }) },
          abort.signal,
        );
        // A run that can still write gives a cursor with its last page.
        now.ended = page.cursor === undefined;
        now.cursor = page.cursor ?? now.cursor;
        setState((old) => ({
          lines: [...(first ? [] : old.lines), ...page.items].slice(-most),
          complete: true,
          error: undefined,
          before: first ? page.earlier : old.before,
        }));
        if (!first && page.items.length === limit) return void read();
      } catch (error) {
        if (abort.signal.aborted) return;
        setState((old) => ({ ...old, error: error as Error }));
      }
      if (follows) timer = setTimeout(() => void read(), everyMs);
    };
    void read();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [runId, level, q, follows]);
  const { before } = state;
  const earlier = useCallback(async (): Promise<void> => {
    if (before === undefined) return;
    try {
      const page = await get<LogPage>(`runs/${runId}/logs`, { ...queryOf({ level, q }), before });
      setState((old) =>
        old.before === before ? { ...old, lines: [...page.items, ...old.lines], before: page.earlier } : old,
      );
    } catch (error) {
      setState((old) => ({ ...old, error: error as Error }));
    }
  }, [runId, level, q, before]);
  const { lines, complete, error } = state;
  return { lines, complete, error, earlier: before === undefined ? undefined : earlier };
}

/** The whole log as text, page by page. */
export async function wholeLog(runId: string): Promise<string> {
  const lines: string[] = [];
  let cursor: string | undefined;
  do {
    const page: LogPage = await get<LogPage>(`runs/${runId}/logs`, {
      limit,
      ...(cursor !== undefined && { cursor }),
    });
    for (const { at, level, attempt, message } of page.items)
      lines.push(`${at} ${attempt} ${level} ${message}\n`);
    // A run that can still write always has a cursor.
    cursor = page.items.length === limit ? page.cursor : undefined;
  } while (cursor !== undefined);
  return lines.join("");
}
