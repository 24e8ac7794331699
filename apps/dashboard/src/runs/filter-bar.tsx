import type { RunFacet, RunFacets } from "@espalier/contract";
import { useEffect, useState } from "react";
import { useResource } from "../api/use-resource.ts";
import { wordOf } from "../elements/badge.tsx";
import { Button } from "../elements/button.tsx";
import type { FilterName, RunFilter } from "./run-filter.ts";
import classes from "./filter-bar.module.css";

/** States in the order in which people look for them. */
const states = [
  "RUNNING",
  "QUEUED",
  "WAITING",
  "SUCCEEDED",
  "FAILED",
  "QUARANTINED",
  "CANCELLED",
  "SKIPPED",
] as const;

/** Letters are gathered for so long before they are searched for. */
const typingMs = 150;

interface Props {
  filter: RunFilter;
  set: (name: FilterName, value: string | undefined) => void;
}

const choices = [
  ["kind", "Kind"],
  ["createdBy", "User"],
  ["experimentId", "Experiment"],
  ["model", "Model"],
  ["tag", "Tag"],
] as const satisfies readonly (readonly [FilterName, string])[];

/** What the list of runs is filtered by, with how many runs each value would leave. */
export function FilterBar({ filter, set }: Props) {
  const { data } = useResource<RunFacets>("runs/facets", { query: filter, everyMs: 30_000 });
  const counts = new Map(data?.facets.state.map(({ value, count }) => [value, count]));
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
            {counts.has(state) && (
              <span className={classes.count}>{counts.get(state)!.toLocaleString()}</span>
            )}
          </Button>
        ))}
      </fieldset>
      {choices.map(([name, title]) => (
        <Choice
          key={name}
          title={title}
          value={filter[name]}
          facet={data?.facets[name] ?? []}
          change={(value) => set(name, value)}
        />
      ))}
      {data && (
        <span role="status" className={classes.total}>
          {data.total.toLocaleString()}
          {!data.complete && " or more"} {data.total === 1 ? "run" : "runs"}
        </span>
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
      onKeyDown={({ key, currentTarget }) => {
        if (key !== "Enter") return;
        change(text);
        // The keys of the list are heard again; Escape would empty the field.
        currentTarget.blur();
      }}
      placeholder="Search names, tags and ids   /"
      aria-label="Search runs"
    />
  );
}

interface ChoiceProps {
  title: string;
  value: string | undefined;
  facet: readonly RunFacet[];
  change: (value: string | undefined) => void;
}

/** Nothing to choose from is not shown. */
const Choice = ({ title, value, facet, change }: ChoiceProps) =>
  facet.length === 0 && value === undefined ? null : (
    <label>
      {title}{" "}
      <select value={value ?? ""} onChange={({ target }) => change(target.value || undefined)}>
        <option value="">any</option>
        {value !== undefined && facet.every((each) => each.value !== value) && (
          <option value={value}>{value}</option>
        )}
        {facet.map(({ value: each, name, count }) => (
          <option key={each} value={each}>
            {name} ({count.toLocaleString()})
          </option>
        ))}
      </select>
    </label>
  );
