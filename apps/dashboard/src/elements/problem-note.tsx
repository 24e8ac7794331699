import { RequestProblem } from "../api/problem.ts";
import { Button } from "./button.tsx";
import { Icon } from "./icon.tsx";
import { WhatToDo } from "./what-to-do.tsx";
import classes from "./problem-note.module.css";

/** Faults that are named; the rest is counted. */
const mostNamed = 20;

/** What went wrong, with its code, what to do, and the id by which an operator finds it in the logs. */
export function ProblemNote({ error, retry }: { error: Error; retry?: () => void }) {
  if (isOutdated(error))
    return (
      <div role="alert" className={classes.note}>
        <Icon name="alert" />
        <p>
          A part of this page did not come: the service is away, or was updated since the page was loaded.
        </p>
        <Button onPress={() => location.reload()}>Load it again</Button>
      </div>
    );
  const document = error instanceof RequestProblem ? error.document : undefined;
  return (
    <div role="alert" className={classes.note}>
      <Icon name="alert" />
      <div>
        <p>
          <strong>{document?.title ?? "This part of the page broke"}</strong>
          {document && <code>{document.code}</code>}
        </p>
        <p>{document?.detail ?? error.message}</p>
        {document?.errors && (
          <ul>
            {document.errors.slice(0, mostNamed).map(({ field, detail }) => (
              <li key={field}>
                <code>{field}</code> {detail}
              </li>
            ))}
            {document.errors.length > mostNamed && (
              <li>and {(document.errors.length - mostNamed).toLocaleString()} more</li>
            )}
          </ul>
        )}
        {document && (
          <p className={classes.action}>
            <WhatToDo code={document.code} />
          </p>
        )}
        {document?.requestId !== undefined && (
          <p className={classes.request}>
            request <code>{document.requestId}</code>
          </p>
        )}
      </div>
      {retry && <Button onPress={retry}>Try again</Button>}
    </div>
  );
}

/** A part of the program that is gone from the server since this page was loaded. */
const isOutdated = (error: Error): boolean =>
  /dynamically imported module|Importing a module script failed|error loading dynamically/i.test(
    error.message,
  );
