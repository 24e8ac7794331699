import type { ProblemDocument } from "@espalier/contract";
import { remedies } from "@espalier/contract/remedies";

/** What a person can do about a problem, as docs/errors.md says it. */
export const Remedy = ({ code }: { code: ProblemDocument["code"] }) => (
  <>
    {(remedies[code] ?? "")
      .split("`")
      .map((part, i) => (i % 2 === 0 ? part : <code key={`${i} ${part}`}>{part}</code>))}
  </>
);
