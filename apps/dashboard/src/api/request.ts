import { away, problemOf } from "./problem.ts";

export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

interface Call {
  query?: Query;
  json?: unknown;
  /** Bytes in place of `json`. */
  body?: Blob;
  headers?: Readonly<Record<string, string>>;
  signal?: AbortSignal;
}

/** The address of a path of the API, under the prefix that the server wrote into `<base>`. */
export function addressOf(path: string, query: Query = {}): string {
  const url = new URL(`v1/${path}`, document.baseURI);
  for (const [name, value] of Object.entries(query))
    for (const each of [value].flat())
      if (each !== undefined && each !== "") url.searchParams.append(name, String(each));
  return url.href;
}

/** Asks the API with the cookie of the session. Errors are `RequestProblem`s. */
export async function request(
  method: string,
  path: string,
  { query, json, body, headers: more, signal }: Call = {},
): Promise<Response> {
  const headers: Record<string, string> = { accept: "application/json", ...more };
  if (json !== undefined) headers["content-type"] = "application/json";
  if (body) headers["content-type"] = "application/octet-stream";
  if (method === "POST") headers["idempotency-key"] = crypto.randomUUID();
  let response: Response;
  try {
    response = await fetch(addressOf(path, query), {
      method,
      headers,
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      ...(body && { body }),
      ...(signal ? { signal } : {}),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw away("The service does not answer. What was loaded before is shown; it is asked again by itself.");
  }
  if (response.ok) return response;
  throw await problemOf(response);
}

export const get = async <T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> =>
  (await (await request("GET", path, { ...(query && { query }), ...(signal && { signal }) })).json()) as T;

export async function send<T>(
  method: "POST" | "PATCH" | "PUT" | "DELETE",
  path: string,
  json?: unknown,
): Promise<T> {
  const response = await request(method, path, json === undefined ? {} : { json });
  return (response.status === 204 ? undefined : await response.json()) as T;
}
