import type { Model, ModelRef } from "@espalier/contract";
import { Link } from "wouter";
import { useResource } from "../api/use-resource.ts";
import { shortId } from "../elements/format.ts";

/** The name of a model, or of what a run makes. */
export function ModelName({ of }: { of: ModelRef }) {
  if (typeof of === "string") return <Named id={of} />;
  return <Link href={`/runs/${of.run}`}>what run …{shortId(of.run)} makes</Link>;
}

function Named({ id }: { id: string }) {
  const { data } = useResource<Model>(`models/${id}`);
  return <Link href={`/models/${id}`}>{data?.name ?? `…${shortId(id)}`}</Link>;
}
