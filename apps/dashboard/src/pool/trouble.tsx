import type { Run, RunFacets } from "@espalier/contract";
import { Link } from "wouter";
import { useResource } from "../api/use-resource.ts";
import { Badge } from "../elements/badge.tsx";
import classes from "./pool-page.module.css";

/** Runs of the team that went wrong and have not ended well: those that compute once more, and those that nobody tries any more. */
export function Trouble({ running }: { running: readonly Run[] }) {
  const { data } = useResource<RunFacets>("runs/facets", {
    query: { state: "QUARANTINED" },
    everyMs: 30_000,
  });
  const quarantined = data?.total ?? 0;
  const again = running.filter(({ attempt }) => attempt > 1).length;
  if (quarantined + again === 0) return null;
  return (
    <section aria-label="Runs in trouble">
      <p className={classes.trouble}>
        {again > 0 && (
          <Link href="/runs?state=RUNNING">
            <Badge tone="warn" icon="alert">
              {`${again} ${again === 1 ? "run computes" : "runs compute"} once more, after a failure or making room`}
            </Badge>
          </Link>
        )}
        {quarantined > 0 && (
          <Link href="/runs?state=QUARANTINED">
            <Badge tone="bad" icon="shield">
              {`${quarantined} quarantined, until somebody retries ${quarantined === 1 ? "it" : "them"}`}
            </Badge>
          </Link>
        )}
      </p>
    </section>
  );
}
