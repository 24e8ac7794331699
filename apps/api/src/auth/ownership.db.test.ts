import { createClient, newId, type Client, type TeamRole } from "@espalier/contract";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestApi, type TestApi } from "../../../../test/api/service.ts";

let api: TestApi;
let [ann, bob, anybody, maintainer]: Client[] = [];
beforeAll(async () => {
  api = await startTestApi();
  const clientOf = async (user: string | undefined, role: TeamRole = "member") => {
    const key = { name: "key", role, ...(user === undefined ? {} : { user }) };
    return createClient({ url: api.url, key: (await api.store.teams.createKey(api.store.teamId, key)).text });
  };
  ann = await clientOf("ann");
  bob = await clientOf("bob");
  anybody = await clientOf(undefined);
  maintainer = await clientOf("eve", "maintainer");
});
afterAll(() => api.close());

const spec = () => ({ kind: "prune" as const, model: api.spec.modelId, layers: 2 });
const forbidden = { code: "auth/forbidden" };

it("a run is changed, held, cancelled, retried and deleted by its own user's keys, and by maintainers, not by others", async () => {
  const { id } = await ann.runs.submit({ spec: spec() });
  const changes: ((client: Client) => Promise<unknown>)[] = [
    ({ runs }) => runs.change(id, { priority: 1 }),
    ({ runs }) => runs.hold(id),
    ({ runs }) => runs.release(id),
    ({ runs }) => runs.cancel(id),
    ({ runs }) => runs.retry(id),
    ({ runs }) => runs.cancel(id),
    ({ runs }) => runs.remove(id),
  ];
  for (const change of changes) {
    for (const other of [bob, anybody])
      await expect(change(other)).rejects.toMatchObject({
        ...forbidden,
        message: `The run ${id} is ann's; only a key of ann, or one with the role \`maintainer\`, may do this.`,
      });
    await change(ann);
  }
  const { id: second } = await ann.runs.submit({ spec: spec() });
  expect(await maintainer.runs.cancel(second)).toMatchObject({ state: "CANCELLED" });
  // To read and to clone it is to change nothing of it; the clone is its maker's.
  const clone = await bob.runs.clone(second);
  await expect(ann.runs.cancel(clone.id)).rejects.toMatchObject(forbidden);
  await bob.runs.cancel(clone.id);
});

it("an experiment and an array are whose runs they are", async () => {
  const { id } = await ann.experiments.submit({ ...api.spec, name: "hers" });
  const array = await ann.arrays.submit({ array: "1-2", spec: { ...spec(), layers: "{index}" } });
  for (const change of ["hold", "release", "cancel"] as const) {
    await expect(bob.experiments[change](id)).rejects.toMatchObject(forbidden);
    await expect(bob.arrays[change](array.id)).rejects.toMatchObject(forbidden);
    await ann.experiments[change](id);
    await ann.arrays[change](array.id);
  }
  await expect(bob.experiments.remove(id)).rejects.toMatchObject(forbidden);
  await maintainer.experiments.remove(id);
});

it("what nobody in particular has made, every member may change, as before users were told apart", async () => {
  const { id } = await anybody.runs.submit({ spec: spec() });
  const { id: older } = await ann.runs.submit({ spec: spec() });
  await api.store.sql("update run set user_id = null, created_by = null where id = $1", [older]);
  for (const each of [id, older]) expect(await bob.runs.cancel(each)).toMatchObject({ state: "CANCELLED" });
});

it("what is another team's is not there, whoever asks", async () => {
  const { id } = await ann.runs.submit({ spec: spec() });
  const missing = { code: "resource/not-found" };
  for (const each of [id, newId("run")]) {
    const refused = { ...missing, message: `There is no run ${each}.` };
    await expect(api.stranger.runs.cancel(each)).rejects.toMatchObject(refused);
  }
  await expect(bob.runs.cancel(newId("run"))).rejects.toMatchObject(missing);
});
