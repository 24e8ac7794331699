import { newId, type ViewCreate } from "@espalier/contract";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openTestStore, type TestStore } from "../../../../test/servers/store.ts";

let store: TestStore;
beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.discard());

const of = (user: string, teamId = store.teamId) => ({ teamId, author: { user } });
const view = (name: string, more: Partial<ViewCreate> = {}): ViewCreate => ({
  name,
  page: "runs",
  query: "state=FAILED",
  ...more,
});

it("views are a user's own, or shared with the team, and no other team's", async () => {
  const mine = await store.views.create(of("ann"), view("failed"));
  const shared = await store.views.create(of("bob"), view("all", { shared: true, page: "queue" }));
  await store.views.create(of("bob"), view("failed"));
  const { id: other } = await store.teams.ensure("others");
  const names = async (user: string, teamId?: string, page?: ViewCreate["page"]) =>
    (await store.views.list(of(user, teamId), page && { page })).map(({ name, createdBy }) => [
      name,
      createdBy?.user,
    ]);
  expect(await names("ann")).toEqual([
    ["failed", "ann"],
    ["all", "bob"],
  ]);
  expect(await names("ann", undefined, "queue")).toEqual([["all", "bob"]]);
  expect(await names("ann", other)).toEqual([]);
  const changed = await store.views.replace(store.teamId, mine.id, view("lost", { query: "" }));
  expect(changed).toMatchObject({ id: mine.id, name: "lost", query: "", shared: false });
  await store.views.remove(store.teamId, shared.id);
  expect(await names("ann")).toEqual([["lost", "ann"]]);
  for (const teamId of [other, store.teamId])
    await expect(
      store.views.remove(teamId, teamId === other ? mine.id : newId("view")),
    ).rejects.toMatchObject({
      code: "resource/not-found",
    });
});

it("a user has one view of a name on a page, and not more than a hundred", async () => {
  const first = await store.views.create(of("eve"), view("a"));
  await expect(store.views.create(of("eve"), view("a"))).rejects.toMatchObject({
    code: "resource/name-taken",
  });
  const second = await store.views.create(of("eve"), view("a", { page: "queue" }));
  await expect(store.views.replace(store.teamId, second.id, view("a"))).rejects.toMatchObject({
    code: "resource/name-taken",
  });
  await store.views.replace(store.teamId, first.id, view("a", { query: "q=1" }));
  const made = await Promise.allSettled(
    Array.from({ length: 101 }, (_, n) => store.views.create(of("eve"), view(`v${n}`))),
  );
  expect(
    made.filter(({ status }) => status === "rejected").map((each) => (each as PromiseRejectedResult).reason),
  ).toEqual(
    Array.from({ length: 3 }, () => expect.objectContaining({ code: "resource/conflict" }) as object),
  );
});
