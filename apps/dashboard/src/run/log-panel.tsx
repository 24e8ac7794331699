import type { LogLine } from "@espalier/contract";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState } from "react";
import { Button } from "../elements/button.tsx";
import { Frame, Loading } from "../elements/panel.tsx";
import { ProblemNote } from "../elements/problem-note.tsx";
import { useLog } from "./use-log.ts";
import classes from "./log-panel.module.css";

const levels = ["debug", "info", "warn", "error"] as const satisfies readonly LogLine["level"][];

/** The log of a run: followed, paused, searched, and cut to a level. Only the lines that are seen are in the page. */
export function LogPanel({ runId, live }: { runId: string; live: boolean }) {
  const [follows, setFollows] = useState(true);
  const [level, setLevel] = useState<LogLine["level"]>("debug");
  const [text, setText] = useState("");
  const { lines, complete, error } = useLog(runId, live && follows);
  const shown = useMemo(() => {
    const [least, wanted] = [levels.indexOf(level), text.toLowerCase()];
    return lines.filter(
      (line) => levels.indexOf(line.level) >= least && line.message.toLowerCase().includes(wanted),
    );
  }, [lines, level, text]);
  const save = (): void => {
    const raw = lines.map(({ at, level: each, attempt, message }) => `${at} ${attempt} ${each} ${message}\n`);
    const url = URL.createObjectURL(new Blob(raw, { type: "text/plain" }));
    Object.assign(document.createElement("a"), { href: url, download: `${runId}.log` }).click();
    URL.revokeObjectURL(url);
  };
  return (
    <Frame
      title="Log"
      aside={
        <>
          <input
            type="search"
            value={text}
            onChange={({ target }) => setText(target.value)}
            placeholder="Search the log"
            aria-label="Search the log"
            className={classes.field}
          />
          <label>
            Level{" "}
            <select
              value={level}
              onChange={({ target }) => setLevel(levels.find((each) => each === target.value) ?? "debug")}
              className={classes.field}
            >
              {levels.map((each) => (
                <option key={each}>{each}</option>
              ))}
            </select>
          </label>
          {live && (
            <Button pressed={follows} onPress={() => setFollows(!follows)}>
              {follows ? "Following" : "Paused"}
            </Button>
          )}
          <Button onPress={save} disabled={lines.length === 0}>
            Raw
          </Button>
        </>
      }
    >
      {error && <ProblemNote error={error} />}
      {lines.length === 0 && !complete && !error && <Loading rows={5} />}
      {complete && shown.length === 0 && (
        <p className={classes.none}>
          {lines.length === 0 ? "Nothing has been written yet." : "No line is like this."}
        </p>
      )}
      {shown.length > 0 && <Lines lines={shown} follows={live && follows} />}
    </Frame>
  );
}

const lineHeight = 20;

function Lines({ lines, follows }: { lines: readonly LogLine[]; follows: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => box.current,
    estimateSize: () => lineHeight,
    overscan: 20,
  });
  const { length } = lines;
  useEffect(() => {
    if (follows) virtual.scrollToIndex(length - 1);
  }, [follows, length, virtual]);
  const seen = virtual.getVirtualItems();
  const top = useRef<HTMLDivElement>(null);
  const space = useRef<HTMLDivElement>(null);
  const [start, total] = [seen[0]?.start ?? 0, virtual.getTotalSize()];
  useEffect(() => {
    top.current?.style.setProperty("transform", `translateY(${start}px)`);
    space.current?.style.setProperty("height", `${total}px`);
  });
  return (
    <div ref={box} className={classes.lines} tabIndex={0} role="log" aria-label="Log lines" aria-live="off">
      <div ref={space} className={classes.space}>
        <div ref={top}>
          {seen.map(({ index, key }) => {
            const line = lines[index];
            return (
              line && (
                <p key={key} data-index={index} ref={virtual.measureElement} className={classes[line.level]}>
                  <time dateTime={line.at}>{new Date(line.at).toLocaleTimeString()}</time>
                  <span className={classes.level}>{line.level}</span>
                  <span>{line.message}</span>
                </p>
              )
            );
          })}
        </div>
      </div>
    </div>
  );
}
