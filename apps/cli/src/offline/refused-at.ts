import { isProblem } from "@espalier/contract";

/**
 * A system's error with the path that the user gave, where it names none, or one of what is made on the way to it, whose name
 * means nothing to anybody; all others as they are.
 * @param draft the beginning of the paths of what is made on the way
 */
export function refusedAt(error: unknown, path: string, draft: string): unknown {
  if (!(error instanceof Error) || !("code" in error) || isProblem(error)) return error;
  const { path: place } = error as NodeJS.ErrnoException;
  return place === undefined || place.startsWith(draft) ? Object.assign(error, { path }) : error;
}
