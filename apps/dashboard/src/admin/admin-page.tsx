import { useMay } from "../session/use-me.ts";
import { Page } from "../elements/page.tsx";
import { KeysPanel } from "./keys-panel.tsx";
import { QuotasPanel } from "./quotas-panel.tsx";
import { SchedulesPanel } from "./schedules-panel.tsx";

/** Keys, teams with their quotas, and schedules. Workers are drained and devices cordoned where they are shown, on the pool's page. */
export function AdminPage() {
  const admin = useMay("admin");
  const operator = useMay("operator");
  return (
    <Page title="Admin">
      <KeysPanel />
      {(admin || operator) && <QuotasPanel operator={operator} />}
      <SchedulesPanel />
    </Page>
  );
}
