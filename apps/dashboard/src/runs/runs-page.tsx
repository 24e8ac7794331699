import { useMemo } from "react";
import { Button } from "../elements/button.tsx";
import { Empty } from "../elements/empty.tsx";
import { Page } from "../elements/page.tsx";
import { Loading } from "../elements/panel.tsx";
import { ProblemNote } from "../elements/problem-note.tsx";
import { useLocation } from "wouter";
import { BulkActions } from "./bulk-actions.tsx";
import { FilterBar } from "./filter-bar.tsx";
import { RunTable } from "./run-table.tsx";
import { useRunFilter } from "./run-filter.ts";
import { useRuns } from "./use-runs.ts";
import { ColumnMenu } from "./column-menu.tsx";
import { useChosen } from "./use-chosen.ts";
import { useListView } from "./use-list-view.ts";
import { ViewsMenu } from "./views-menu.tsx";

/** Runs that can be compared at a time. */
const mostCompared = 10;

/** Every run of the team, filtered, searched and acted on by many. */
export function RunsPage() {
  const [filter, set] = useRunFilter();
  const view = useListView();
  const query = useRuns(filter, view.sort);
  const runs = useMemo(() => query.data?.pages.flatMap(({ items }) => items) ?? [], [query.data]);
  const chosen = useChosen();
  const [, go] = useLocation();
  const ids = [...chosen.ids];
  const filtered = Object.keys(filter).length > 0;
  return (
    <Page
      title="Runs"
      actions={
        <>
          <ViewsMenu />
          <ColumnMenu view={view} />
          <Button
            disabled={ids.length < 2 || ids.length > mostCompared}
            title={`Choose two to ${mostCompared} runs`}
            onPress={() => go(`/compare?runs=${ids.join(",")}`)}
          >
            Compare
          </Button>
        </>
      }
    >
      <FilterBar filter={filter} set={set} />
      <BulkActions ids={ids} clear={chosen.clear} filter={filtered ? filter : undefined} />
      {query.error && <ProblemNote error={query.error} retry={() => void query.refetch()} />}
      {query.data === undefined && !query.error && <Loading rows={12} />}
      {query.data !== undefined && runs.length === 0 && (
        <Empty
          title={filtered ? "No run is like this." : "There are no runs yet."}
          {...(!filtered && { command: "espalier run submit prune --model MODEL --drop 50% --name pruned" })}
        >
          {filtered ? (
            <Button onPress={() => go("/runs")}>Show all runs</Button>
          ) : (
            <Button look="strong" onPress={() => go("/experiments")}>
              Begin with an experiment
            </Button>
          )}
        </Empty>
      )}
      {runs.length > 0 && (
        <RunTable
          runs={runs}
          old={query.isPlaceholderData || query.error !== null}
          chosen={chosen}
          columns={view.columns}
          more={query.hasNextPage && !query.isFetchingNextPage ? () => void query.fetchNextPage() : undefined}
        />
      )}
    </Page>
  );
}
