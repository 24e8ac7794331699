/** What every resource has in common; what else it holds is compared as a whole. */
export interface Resource {
  id: string;
  [field: string]: unknown;
}

/** A run, as far as these tests look into it. */
export interface RunResource extends Resource {
  state: string;
}

/** The REST API of either version, called without the client of one of them. */
export class Rest {
  readonly #url: string;
  readonly #key: string;

  constructor(url: string, key: string) {
    this.#url = url;
    this.#key = key;
  }

  get = <T = Resource>(path: string): Promise<T> => this.#json<T>("GET", path);

  put = <T = Resource>(path: string, body: object | Uint8Array): Promise<T> =>
    this.#json<T>("PUT", path, body);

  post = <T = Resource>(path: string, body: object | Uint8Array = {}): Promise<T> =>
    this.#json<T>("POST", path, body);

  /** The bytes behind a path. */
  async bytes(path: string): Promise<Uint8Array> {
    return new Uint8Array(await (await this.#send("GET", path)).arrayBuffer());
  }

  /** All items of a list, page by page. */
  async all<T = Resource>(path: string): Promise<T[]> {
    const items: T[] = [];
    for (let cursor = ""; ;) {
      const page = await this.get<{ items: T[]; cursor?: string }>(`${path}?limit=200${cursor}`);
      items.push(...page.items);
      // A log that can grow has a cursor on its last page too.
      if (page.cursor === undefined || page.items.length < 200) return items;
      cursor = `&cursor=${encodeURIComponent(page.cursor)}`;
    }
  }

  async #json<T>(method: string, path: string, body?: object | Uint8Array): Promise<T> {
    return (await (await this.#send(method, path, body)).json()) as T;
  }

  async #send(method: string, path: string, body?: object | Uint8Array): Promise<Response> {
    const bytes = body instanceof Uint8Array;
    const response = await fetch(`${this.#url}/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.#key}`,
        ...(body && { "content-type": bytes ? "application/octet-stream" : "application/json" }),
        ...(method === "POST" && { "idempotency-key": crypto.randomUUID() }),
      },
      ...(body && { body: bytes ? Buffer.from(body) : JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response;
  }
}
