import { Link } from "wouter";
import { shortId } from "../elements/format.ts";

/** A sentence of the service in which runs are named by their ids, with links that say what they are called where that is known. */
export const RunText = ({ text, titles }: { text: string; titles?: ReadonlyMap<string, string> }) => (
  <>
    {text.split(/(run_[0-9a-z]{26})/).map((part, i) =>
      i % 2 === 0 ? (
        part
      ) : (
        <Link key={`${i} ${part}`} href={`/runs/${part}`} title={part}>
          {titles?.get(part) ?? `run …${shortId(part)}`}
        </Link>
      ),
    )}
  </>
);
