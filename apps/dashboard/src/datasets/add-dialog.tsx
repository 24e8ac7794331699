import type { Dataset, DatasetKind } from "@espalier/contract";
import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useLocation } from "wouter";
import { request } from "../api/request.ts";
import { Dialog } from "../elements/dialog.tsx";
import { useMay } from "../session/use-me.ts";

const kinds: { readonly [Kind in DatasetKind]: string } = {
  triplets: "triplets: for training",
  sts: "sts: sentences with scores, for evaluation",
  texts: "texts: for SimCSE",
  retrieval: "retrieval: documents, queries and judgements",
  reranking: "reranking: queries with candidates",
  classification: "classification: texts with labels and splits",
  clustering: "clustering: texts with labels",
  "pair-classification": "pair classification: sentences that belong together or not",
  "bitext-mining": "bitext mining: sentences and their translations",
};

/** Uploads a file as a dataset; what it looks like says its format. */
export function AddDialog() {
  const client = useQueryClient();
  const [, go] = useLocation();
  const [error, setError] = useState<Error | null>(null);
  const file = useRef<HTMLInputElement>(null);
  const kind = useRef<HTMLSelectElement>(null);
  const name = useRef<HTMLInputElement>(null);
  const columns = useRef<HTMLInputElement>(null);
  const skip = useRef<HTMLInputElement>(null);
  if (!useMay("member")) return null;
  const submit = async (): Promise<void> => {
    setError(null);
    const body = file.current?.files?.[0];
    if (!body) return;
    try {
      const response = await request("POST", "datasets", {
        query: {
          name: name.current?.value.trim() || body.name.replace(/\.[^.]*$/, ""),
          kind: kind.current?.value,
          columns: columns.current?.value.trim(),
          ...(skip.current?.checked && { skipErrors: true }),
        },
        body,
      });
      const made = (await response.json()) as Dataset;
      void client.invalidateQueries({ queryKey: ["datasets"] });
      go(`/datasets/${made.id}`);
    } catch (caught) {
      setError(caught as Error);
      throw caught;
    }
  };
  return (
    <Dialog
      opener="Add a dataset"
      look="strong"
      title="Add a dataset"
      confirm="Upload"
      error={error}
      onOpen={() => setError(null)}
      onConfirm={submit}
    >
      <label>
        File
        <input ref={file} type="file" required />
      </label>
      <label>
        Kind{" "}
        <select ref={kind}>
          {(Object.keys(kinds) as DatasetKind[]).map((each) => (
            <option key={each} value={each}>
              {kinds[each]}
            </option>
          ))}
        </select>
      </label>
      <label>
        Name
        <input ref={name} maxLength={100} placeholder="as the file" />
      </label>
      <label>
        Columns
        <input ref={columns} maxLength={2000} placeholder="such as query=question,positive=answer" />
      </label>
      <label>
        <input ref={skip} type="checkbox" /> Leave out lines that cannot be read, and list them
      </label>
      <p>JSON lines, JSON, CSV, TSV or Parquet, also by gzip.</p>
    </Dialog>
  );
}
