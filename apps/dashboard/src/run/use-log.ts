import type { LogLine, Page } from "@espalier/contract";
import { useEffect, useRef, useState } from "react";
import { get } from "../api/request.ts";

export interface Log {
  lines: readonly LogLine[];
  /** Whether all that is written so far has been read. */
  complete: boolean;
  error: Error | undefined;
}

const limit = 200;
/** Milliseconds between looks for new lines, while the run can write them. */
const everyMs = 2_000;
/** Lines that are kept, the last ones; all of them are in the raw log. */
const most = 20_000;

/** The log of a run, read from its beginning, and on while `follows`. */
export function useLog(runId: string, follows: boolean): Log {
  const [log, setLog] = useState<Log>({ lines: [], complete: false, error: undefined });
  const position = useRef<{ cursor: string | undefined; ended: boolean }>({
    cursor: undefined,
    ended: false,
  });
  useEffect(() => {
    position.current = { cursor: undefined, ended: false };
    setLog({ lines: [], complete: false, error: undefined });
  }, [runId]);
  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const read = async (): Promise<void> => {
      const { cursor, ended } = position.current;
      if (ended) return;
      try {
        const page = await get<Page<LogLine>>(
          `runs/${runId}/logs`,
          { limit, ...(cursor !== undefined && { cursor }) },
          abort.signal,
        );
        // A run that can still write gives a cursor with its last page.
        position.current = { cursor: page.cursor ?? cursor, ended: page.cursor === undefined };
        const full = page.items.length === limit && page.cursor !== undefined;
        setLog(({ lines }) => ({
          lines: [...lines, ...page.items].slice(-most),
          complete: !full,
          error: undefined,
        }));
        if (full) return void read();
      } catch (error) {
        if (abort.signal.aborted) return;
        setLog((before) => ({ ...before, error: error as Error }));
      }
      if (follows) timer = setTimeout(() => void read(), everyMs);
    };
    void read();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [runId, follows]);
  return log;
}
