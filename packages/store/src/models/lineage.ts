import { longestLineage, type Lineage, type RunKind, type RunState } from "@espalier/contract";
import type { Database } from "../database/database.ts";
import { found, iso, present } from "../database/row.ts";

interface Row {
  id: string;
  name: string;
  state: Lineage["models"][number]["state"];
  layers: number | null;
  parameters: string | null;
  baseModelId: string | null;
  distance: number;
  createdAt: Date;
  runId: string | null;
  kind: RunKind;
  runState: RunState;
  runName: string | null;
}

const columns = `m.id, m.base_model_id, m.team_id`;

/** The models that one came from, and those that came from it. Throws `resource/not-found`. */
export async function readLineage(
  { query }: Pick<Database, "query">,
  teamId: string,
  modelId: string,
): Promise<Lineage> {
  const { rows } = await query<Row>(
    `with recursive above as (
       select ${columns}, 0 as distance from model m where m.id = $1 and m.team_id = $2
       union all select ${columns}, a.distance - 1 from above a join model m on m.id = a.base_model_id and m.team_id = $2
         where a.distance > -100
     ), below as (
       select ${columns}, 0 as distance from model m where m.id = $1 and m.team_id = $2
       union all select ${columns}, b.distance + 1 from below b join model m on m.base_model_id = b.id and m.team_id = $2
         where b.distance < 100
     ), line as (
       select id, distance from above union select id, distance from below
       order by 2, 1 limit $3
     )
     select m.id, m.name, m.state, (m.architecture ->> 'layers')::int as layers, m.architecture ->> 'parameters' as parameters,
       m.base_model_id as "baseModelId", l.distance, m.created_at as "createdAt",
       r.id as "runId", r.kind, r.state as "runState", r.name as "runName"
     from line l join model m on m.id = l.id left join run r on r.id = m.run_id order by l.distance, m.id`,
    [modelId, teamId, longestLineage + 1],
  );
  found(rows[0], "model", modelId);
  return { models: rows.slice(0, longestLineage).map(toNode), complete: rows.length <= longestLineage };
}

const toNode = (row: Row): Lineage["models"][number] => ({
  id: row.id,
  name: row.name,
  state: row.state,
  distance: row.distance,
  createdAt: iso(row.createdAt),
  ...present({
    layers: row.layers,
    parameters: row.parameters === null ? null : Number(row.parameters),
    baseModelId: row.baseModelId,
    run:
      row.runId === null
        ? null
        : { id: row.runId, kind: row.kind, state: row.runState, ...present({ name: row.runName }) },
  }),
});
