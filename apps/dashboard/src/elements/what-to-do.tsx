import type { ProblemDocument } from "@espalier/contract";
import { lazy, Suspense } from "react";

const Nothing = () => <></>;
// The sentences of all problems are loaded with the first one; a service that is away may keep them from coming.
const Remedy = lazy(() =>
  import("./remedy.tsx").then(
    (module) => ({ default: module.Remedy }),
    () => ({ default: Nothing }),
  ),
);

/** What to do about a problem. */
export const WhatToDo = ({ code }: { code: ProblemDocument["code"] }) => (
  <Suspense fallback={null}>
    <Remedy code={code} />
  </Suspense>
);
