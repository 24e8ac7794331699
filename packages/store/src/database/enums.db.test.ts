import {
  AttemptState,
  DatasetKind,
  Firing,
  ModelState,
  Preempted,
  PriorityClass,
  RunRole,
  RunState,
  ScheduleChange,
  Team,
  TeamRole,
  UrgentFrom,
  WebhookDelivery,
  WorkerState,
} from "@espalier/contract";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestStore, type TestStore } from "../../../../test/servers/store.ts";

/** What the contract lets stand in each column of which the database checks the words. */
const enums: Record<string, { enum: readonly string[] }> = {
  "api_key.role": TeamRole,
  "attempt.state": AttemptState,
  "dataset.kind": DatasetKind,
  "model.state": ModelState,
  "run.class": PriorityClass,
  "run.preempt_reason": Preempted.properties.reason,
  "run.role": RunRole,
  "run.state": RunState,
  "schedule.overlap": ScheduleChange.properties.overlap,
  "schedule_firing.outcome": Firing.properties.outcome,
  "team.quota_period": Team.properties.period,
  "team.urgent_from": UrgentFrom,
  "team_user.quota_period": Team.properties.period,
  "webhook_delivery.state": WebhookDelivery.properties.state,
  "worker.state": WorkerState,
};

let store: TestStore;
beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.discard());

test("a column of which the database checks the words has those of the contract, no more and no fewer", async () => {
  const checks = await store.sql<{ column: string; definition: string }>(
    `select c.conrelid::regclass || '.' || a.attname as column, pg_get_constraintdef(c.oid) as definition
     from pg_constraint c join pg_attribute a on a.attrelid = c.conrelid and c.conkey = array[a.attnum]
     where c.contype = 'c' and c.connamespace = 'public'::regnamespace`,
  );
  const words = (definition: string) => [...definition.matchAll(/'([^']*)'::text/g)].map(([, word]) => word);
  const checked = checks
    .filter(({ definition }) => / = ANY \(/.test(definition))
    .map(({ column, definition }) => [column, words(definition).sort()] as const);
  const sorted = Object.entries(enums).map(([column, schema]) => [column, [...schema.enum].sort()] as const);
  expect(Object.fromEntries(checked)).toEqual(Object.fromEntries(sorted));
});
