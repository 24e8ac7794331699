import type { LogLine } from "@espalier/contract";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState } from "react";
import { Button } from "../elements/button.tsx";
import { Frame, Loading } from "../elements/panel.tsx";
import { ProblemNote } from "../elements/problem-note.tsx";
import { useLog, wholeLog } from "./use-log.ts";
import classes from "./log-panel.module.css";

const levels = ["debug", "info", "warn", "error"] as const satisfies readonly LogLine["level"][];

/** Letters are gathered for so long before they are searched for. */
const typingMs = 250;

/** The log of a run, from its end: followed, paused, searched, and cut to a level. Only the lines that are seen are in the page. */
export function LogPanel({ runId, live }: { runId: string; live: boolean }) {
  const [follows, setFollows] = useState(true);
  const [level, setLevel] = useState<LogLine["level"]>("debug");
  const [text, setText] = useState("");
  const [q, setQ] = useState("");
  const [failed, setFailed] = useState<Error>();
  useEffect(() => {
    const timer = setTimeout(() => setQ(text.trim()), typingMs);
    return () => clearTimeout(timer);
  }, [text]);
  const { lines, complete, error, earlier } = useLog(runId, { level, q }, live && follows);
  const save = async (): Promise<void> => {
    const url = URL.createObjectURL(new Blob([await wholeLog(runId)], { type: "text/plain" }));
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
          <Button onPress={() => void save().then(() => setFailed(undefined), setFailed)}>Raw</Button>
        </>
      }
    >
      {(error ?? failed) && <ProblemNote error={(error ?? failed)!} />}
      {lines.length === 0 && !complete && !error && <Loading rows={5} />}
      {complete && lines.length === 0 && (
        <p className={classes.none}>
          {q === "" && level === "debug" ? "Nothing has been written yet." : "No line is like this."}
        </p>
      )}
      {earlier && (
        <p className={classes.earlier}>
          <Button look="bare" onPress={() => void earlier()}>
            Lines before these
          </Button>
        </p>
      )}
      {lines.length > 0 && <Lines lines={lines} follows={follows} />}
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
  const last = useRef<LogLine>(undefined);
  useEffect(() => {
    if (follows && last.current !== lines.at(-1)) virtual.scrollToIndex(length - 1);
    last.current = lines.at(-1);
  }, [follows, length, lines, virtual]);
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
