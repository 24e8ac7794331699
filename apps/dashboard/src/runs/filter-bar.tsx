import type { Run } from "@espalier/contract";
import { useEffect, useState } from "react";
import { wordOf } from "../elements/badge.tsx";
import { Button } from "../elements/button.tsx";
import type { FilterName, RunFilter } from "./run-filter.ts";
import classes from "./filter-bar.module.css";

const states = [
  "RUNNING",
  "QUEUED",
  "WAITING",
  "SUCCEEDED",
  "FAILED",
  "QUARANTINED",
  "CANCELLED",
  "SKIPPED",
] as const satisfies readonly Run["state"][];
const kinds = [
  "import",
  "search",
  "prune",
  "train",
  "evaluate",
  "export",
] as const satisfies readonly Run["kind"][];

/** Letters are gathered for so long before they are searched for. */
const typingMs = 200;

interface Props {
  filter: RunFilter;
  set: (name: FilterName, value: string | undefined) => void;
  users: readonly string[];
}

/** What the list of runs is filtered by. */
export function FilterBar({ filter, set, users }: Props) {
  return (
    <search className={classes.bar}>
      <SearchField value={filter.q ?? ""} change={(value) => set("q", value)} />
      <fieldset className={classes.states}>
        <legend className="said">State</legend>
        {states.map((state) => (
          <Button
            key={state}
            look="bare"
            pressed={filter.state === state}
            onPress={() => set("state", filter.state === state ? undefined : state)}
          >
            {wordOf(state)}
          </Button>
        ))}
      </fieldset>
      <Choice name="Kind" value={filter.kind} options={kinds} change={(value) => set("kind", value)} />
      <Choice
        name="User"
        value={filter.createdBy}
        options={users}
        change={(value) => set("createdBy", value)}
      />
      {filter.experimentId !== undefined && (
        <Button onPress={() => set("experimentId", undefined)} label="Runs of every experiment">
          one experiment ×
        </Button>
      )}
    </search>
  );
}

function SearchField({ value, change }: { value: string; change: (value: string) => void }) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => change(text), typingMs);
    return () => clearTimeout(timer);
  }, [text, value, change]);
  return (
    <input
      type="search"
      value={text}
      onChange={({ target }) => setText(target.value)}
      placeholder="Search names and ids   /"
      aria-label="Search runs"
    />
  );
}

interface ChoiceProps {
  name: string;
  value: string | undefined;
  options: readonly string[];
  change: (value: string | undefined) => void;
}

const Choice = ({ name, value, options, change }: ChoiceProps) => (
  <label>
    {name}{" "}
    <select value={value ?? ""} onChange={({ target }) => change(target.value || undefined)}>
      <option value="">any</option>
      {[...new Set([...options, ...(value === undefined ? [] : [value])])].map((option) => (
        <option key={option}>{option}</option>
      ))}
    </select>
  </label>
);
