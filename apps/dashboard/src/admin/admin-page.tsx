import { useMay } from "../session/use-me.ts";
import { Page } from "../elements/page.tsx";
import type { Worker } from "@espalier/contract";
import { useResource } from "../api/use-resource.ts";
import { WorkerList } from "../pool/worker-list.tsx";
import { AuditPanel } from "./audit-panel.tsx";
import { KeysPanel } from "./keys-panel.tsx";
import { QuotasPanel } from "./quotas-panel.tsx";
import { SchedulesPanel } from "./schedules-panel.tsx";

/** Keys, teams with their quotas, schedules, workers, and who has changed what. */
export function AdminPage() {
  const admin = useMay("admin");
  const operator = useMay("operator");
  const workers = useResource<{ items: Worker[] }>("workers");
  return (
    <Page title="Admin">
      <KeysPanel />
      {(admin || operator) && <QuotasPanel operator={operator} />}
      <SchedulesPanel />
      {workers.data && <WorkerList workers={workers.data.items} />}
      {admin && <AuditPanel />}
    </Page>
  );
}
