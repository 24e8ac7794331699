import { Link } from "wouter";
import { cells } from "../elements/table.tsx";
import { titleOf } from "./title.ts";

export const RunLink = ({ run }: { run: Parameters<typeof titleOf>[0] & { id: string } }) => (
  <Link href={`/runs/${run.id}`} className={cells.name}>
    {titleOf(run)}
  </Link>
);
