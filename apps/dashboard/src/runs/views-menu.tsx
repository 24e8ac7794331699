import type { View } from "@espalier/contract";
import { useRef } from "react";
import { useLocation, useSearch } from "wouter";
import { useResource } from "../api/use-resource.ts";
import { Button } from "../elements/button.tsx";
import { Dialog } from "../elements/dialog.tsx";
import { useAction } from "../elements/use-action.ts";
import { useMay } from "../session/use-me.ts";
import classes from "./views-menu.module.css";

/** Filters, columns and orders of the list that people keep under names, and the way to keep what is shown now. */
export function ViewsMenu() {
  const [, go] = useLocation();
  const search = useSearch();
  const { data } = useResource<{ items: View[] }>("views", { query: { page: "runs" } });
  const views = data?.items ?? [];
  const at = views.find(({ query }) => query === search);
  const may = useMay("member");
  const removal = useAction();
  return (
    <div className={classes.views}>
      {views.length > 0 && (
        <label>
          View{" "}
          <select
            value={at?.id ?? ""}
            onChange={({ target }) => {
              const view = views.find(({ id }) => id === target.value);
              go(view === undefined || view.query === "" ? "/runs" : `/runs?${view.query}`);
            }}
          >
            <option value="">none</option>
            {views.map(({ id, name, shared }) => (
              <option key={id} value={id}>
                {name}
                {shared ? " (of the team)" : ""}
              </option>
            ))}
          </select>
        </label>
      )}
      {may && at && (
        <Button
          look="bare"
          disabled={removal.isPending}
          label={`Remove the view ${at.name}`}
          {...(removal.error && { title: removal.error.message })}
          onPress={() => removal.mutate({ verb: "DELETE", path: `views/${at.id}` })}
        >
          {removal.error ? "was refused" : "Remove"}
        </Button>
      )}
      {may && !at && search !== "" && <Keep query={search} />}
    </div>
  );
}

function Keep({ query }: { query: string }) {
  const action = useAction<View>();
  const name = useRef<HTMLInputElement>(null);
  const shared = useRef<HTMLInputElement>(null);
  return (
    <Dialog
      opener="Keep this view"
      title="Keep this view"
      confirm="Keep it"
      error={action.error}
      onConfirm={() =>
        action.mutateAsync({
          verb: "POST",
          path: "views",
          json: {
            name: name.current?.value.trim(),
            page: "runs",
            query,
            shared: shared.current?.checked ?? false,
          },
        })
      }
    >
      <label>
        Name
        <input ref={name} required maxLength={100} />
      </label>
      <label>
        <input ref={shared} type="checkbox" /> The whole team sees it
      </label>
    </Dialog>
  );
}
