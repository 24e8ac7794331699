import { QueryClientProvider, useQueryClient } from "@tanstack/react-query";
import { lazy, useEffect } from "react";
import { Route, Router, Switch } from "wouter";
import { isSignedOut } from "./api/problem.ts";
import { queryClient } from "./api/query-client.ts";
import { Empty } from "./elements/empty.tsx";
import { Page } from "./elements/page.tsx";
import { ProblemNote } from "./elements/problem-note.tsx";
import { startLive } from "./live/start.ts";
import { useLive } from "./live/use-live.ts";
import { PoolPage } from "./pool/pool-page.tsx";
import { SignIn } from "./session/sign-in.tsx";
import { useMe } from "./session/use-me.ts";
import { Shell } from "./shell/shell.tsx";

const QueuePage = lazy(() =>
  import("./queue/queue-page.tsx").then((module) => ({ default: module.QueuePage })),
);
const RunsPage = lazy(() => import("./runs/runs-page.tsx").then((module) => ({ default: module.RunsPage })));
const RunPage = lazy(() => import("./run/run-page.tsx").then((module) => ({ default: module.RunPage })));
const SearchPage = lazy(() =>
  import("./searches/search-page.tsx").then((module) => ({ default: module.SearchPage })),
);
const ExperimentsPage = lazy(() =>
  import("./experiments/experiments-page.tsx").then((module) => ({ default: module.ExperimentsPage })),
);
const ExperimentPage = lazy(() =>
  import("./experiments/experiment-page.tsx").then((module) => ({ default: module.ExperimentPage })),
);
const ComparePage = lazy(() =>
  import("./compare/compare-page.tsx").then((module) => ({ default: module.ComparePage })),
);
const ModelsPage = lazy(() =>
  import("./models/models-page.tsx").then((module) => ({ default: module.ModelsPage })),
);
const ModelPage = lazy(() =>
  import("./models/model-page.tsx").then((module) => ({ default: module.ModelPage })),
);
const DatasetsPage = lazy(() =>
  import("./datasets/datasets-page.tsx").then((module) => ({ default: module.DatasetsPage })),
);
const DatasetPage = lazy(() =>
  import("./datasets/dataset-page.tsx").then((module) => ({ default: module.DatasetPage })),
);
const AdminPage = lazy(() =>
  import("./admin/admin-page.tsx").then((module) => ({ default: module.AdminPage })),
);

/** The prefix under which the server serves the pages, as it wrote it into `<base>`, without a slash at its end. */
const prefix = new URL(document.baseURI).pathname.replace(/\/$/, "");

export const App = () => (
  <QueryClientProvider client={queryClient}>
    <Router base={prefix}>
      <SignedIn />
    </Router>
  </QueryClientProvider>
);

/** The pages, for whoever has signed in. */
function SignedIn() {
  const client = useQueryClient();
  const { status } = useLive();
  const { data, error, refetch } = useMe();
  useEffect(() => {
    if (data) startLive(client);
  }, [client, data]);
  useEffect(() => {
    if (status === "signed-out") void refetch();
  }, [status, refetch]);
  if (isSignedOut(error))
    return (
      <SignIn
        done={() => {
          startLive(client);
          void client.resetQueries();
        }}
      />
    );
  if (!data) return error ? <ProblemNote error={error} retry={() => void refetch()} /> : null;
  return (
    <Shell>
      <Switch>
        <Route path="/" component={PoolPage} />
        <Route path="/queue" component={QueuePage} />
        <Route path="/runs" component={RunsPage} />
        <Route path="/runs/:id" component={RunPage} />
        <Route path="/searches/:id" component={SearchPage} />
        <Route path="/experiments" component={ExperimentsPage} />
        <Route path="/experiments/:id" component={ExperimentPage} />
        <Route path="/compare" component={ComparePage} />
        <Route path="/models" component={ModelsPage} />
        <Route path="/models/:id" component={ModelPage} />
        <Route path="/datasets" component={DatasetsPage} />
        <Route path="/datasets/:id" component={DatasetPage} />
        <Route path="/admin" component={AdminPage} />
        <Route>
          <Page title="Nothing here">
            <Empty title="There is no page at this address." />
          </Page>
        </Route>
      </Switch>
    </Shell>
  );
}
