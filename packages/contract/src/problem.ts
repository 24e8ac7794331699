import { Type, type Static } from "typebox";

interface ProblemRow {
  /** HTTP status. */
  status: number;
  /** Class of an attempt that ends with this problem. `runs/failure.ts` says what each class means for the run. */
  failure: "data" | "diverged" | "crash" | "infrastructure" | "host" | "out-of-memory" | "limit";
  title: string;
}

/** Every error that a user can meet, by stable code. */
export const problems = {
  "request/invalid": { status: 400, failure: "data", title: "The request does not match its schema" },
  "request/too-large": { status: 413, failure: "data", title: "The body is larger than allowed" },
  "request/timeout": { status: 408, failure: "data", title: "The request came too slowly" },
  "request/uri-too-long": { status: 414, failure: "data", title: "The path or its query is too long" },
  "request/headers-too-large": {
    status: 431,
    failure: "data",
    title: "The headers are larger than allowed",
  },
  "request/method-not-allowed": {
    status: 405,
    failure: "data",
    title: "The resource does not know this method",
  },
  "request/range-not-satisfiable": {
    status: 416,
    failure: "data",
    title: "The range lies outside the content",
  },
  "request/rate-limited": { status: 429, failure: "data", title: "Too many requests in a short time" },
  "request/too-many-streams": {
    status: 429,
    failure: "data",
    title: "The key follows too many event streams",
  },
  "request/unsupported-media-type": {
    status: 415,
    failure: "data",
    title: "The content type is not accepted here",
  },
  "auth/required": { status: 401, failure: "data", title: "An API key is required" },
  "auth/forbidden": { status: 403, failure: "data", title: "The key may not do this" },
  "resource/not-found": { status: 404, failure: "data", title: "No such resource" },
  "resource/conflict": {
    status: 409,
    failure: "data",
    title: "The resource is not in a state that allows this",
  },
  "resource/name-taken": { status: 409, failure: "data", title: "Something else of the team has this name" },
  "resource/in-use": {
    status: 409,
    failure: "data",
    title: "Something else still refers to the resource",
  },
  "idempotency/mismatch": {
    status: 409,
    failure: "data",
    title: "This Idempotency-Key was used with another request",
  },
  "upload/incomplete": {
    status: 422,
    failure: "data",
    title: "A file of the upload is missing or differs from its declaration",
  },
  "upload/file-refused": {
    status: 422,
    failure: "data",
    title: "This file does not belong in a model folder",
  },
  "checkpoint/malformed": {
    status: 422,
    failure: "data",
    title: "The checkpoint breaks the safetensors format",
  },
  "checkpoint/incomplete": {
    status: 422,
    failure: "data",
    title: "A tensor is missing or has another shape than the config says",
  },
  "checkpoint/non-finite": { status: 422, failure: "data", title: "The weights contain NaN or infinity" },
  "config/malformed": { status: 422, failure: "data", title: "config.json cannot be read" },
  "config/unsupported": {
    status: 422,
    failure: "data",
    title: "The model uses a feature that is not supported",
  },
  "tokenizer/malformed": { status: 422, failure: "data", title: "tokenizer.json cannot be read" },
  "tokenizer/mismatch": {
    status: 422,
    failure: "data",
    title: "The tokenizer does not fit the model's embedding",
  },
  "template/unusable": { status: 422, failure: "data", title: "The chat template cannot be used" },
  "hub/not-found": {
    status: 404,
    failure: "data",
    title: "The hub has no such repository, revision or file",
  },
  "hub/access-denied": {
    status: 403,
    failure: "data",
    title: "The hub does not let this import read the repository",
  },
  "hub/address-refused": {
    status: 502,
    failure: "data",
    title: "The hub sends the download to an address that is not allowed",
  },
  "webhook/address-refused": {
    status: 422,
    failure: "data",
    title: "Webhooks are not sent to this address",
  },
  "hub/malformed": { status: 502, failure: "data", title: "The hub's answer cannot be used" },
  "hub/corrupt": {
    status: 502,
    failure: "data",
    title: "A file of the hub is not the one that it announced",
  },
  "hub/unavailable": {
    status: 503,
    failure: "infrastructure",
    title: "The hub does not answer, or too slowly",
  },
  "dataset/malformed": { status: 422, failure: "data", title: "A line of the dataset cannot be used" },
  "dataset/empty": { status: 422, failure: "data", title: "The dataset has no rows" },
  "dataset/wrong-kind": { status: 422, failure: "data", title: "The dataset is of another kind than needed" },
  "dataset/too-small": { status: 422, failure: "data", title: "The batch is larger than the dataset" },
  "text/empty": { status: 422, failure: "data", title: "Nothing of a text is left to embed" },
  "layers/out-of-range": {
    status: 422,
    failure: "data",
    title: "The layers to keep are not layers of the model",
  },
  "team/too-many-runs": { status: 429, failure: "data", title: "Too many runs of the team have not started" },
  "team/out-of-space": { status: 403, failure: "data", title: "The team stores as much as it may" },
  "team/urgent-refused": { status: 403, failure: "data", title: "The key may not ask for class urgent" },
  "run/illegal-move": { status: 409, failure: "data", title: "The run's state does not allow this" },
  "run/upstream-failed": {
    status: 409,
    failure: "data",
    title: "A run that this one depends on did not succeed",
  },
  "run/too-many-attempts": {
    status: 500,
    failure: "data",
    title: "The pool failed the run too often without progress",
  },
  "run/quarantined": {
    status: 500,
    failure: "data",
    title: "The run crashed too often without progress",
  },
  "run/wall-time": {
    status: 422,
    failure: "limit",
    title: "The run has computed for as long as its limit allows",
  },
  "run/gang-too-large": {
    status: 422,
    failure: "data",
    title: "No host of the pool has as many devices",
  },
  "run/does-not-fit": {
    status: 422,
    failure: "data",
    title: "The run needs more memory than it may take, or than any device has",
  },
  "run/no-such-engine": {
    status: 422,
    failure: "data",
    title: "No device of the pool computes in the way that was asked for",
  },
  "run/cyclic": { status: 422, failure: "data", title: "Runs depend on one another in a circle" },
  "lease/lost": { status: 409, failure: "infrastructure", title: "Another attempt holds the run" },
  "worker/refused": { status: 422, failure: "data", title: "The pool does not take this worker" },
  "worker/lost": { status: 503, failure: "infrastructure", title: "The worker stopped answering" },
  "worker/child-crashed": {
    status: 500,
    failure: "crash",
    title: "The compute process ended unexpectedly",
  },
  "storage/unavailable": {
    status: 503,
    failure: "host",
    title: "The data folder is not there, or not the pool's",
  },
  "worker/disk-full": { status: 507, failure: "host", title: "The disk is full" },
  "device/out-of-memory": { status: 500, failure: "out-of-memory", title: "The device ran out of memory" },
  "device/lost": {
    status: 503,
    failure: "infrastructure",
    title: "A device stopped computing in the middle of a run",
  },
  "device/engine-unavailable": {
    status: 500,
    failure: "host",
    title: "The engine does not start on this host",
  },
  "training/diverged": { status: 422, failure: "diverged", title: "The loss is not finite" },
  "training/collapsed": { status: 422, failure: "diverged", title: "All texts get the same vector" },
  "export/unsupported": {
    status: 422,
    failure: "data",
    title: "The model cannot be exported in this format",
  },
  "export/not-equal": {
    status: 500,
    failure: "data",
    title: "An export does not give the vectors of the model that was trained",
  },
  "artifact/corrupt": {
    status: 500,
    failure: "infrastructure",
    title: "An artifact does not match its checksum",
  },
  "service/not-configured": {
    status: 501,
    failure: "data",
    title: "The operator has not set the service up for this",
  },
  "service/unavailable": {
    status: 503,
    failure: "infrastructure",
    title: "A server this one depends on is away",
  },
  "internal/error": { status: 500, failure: "crash", title: "Something failed inside the service" },
} as const satisfies Record<string, ProblemRow>;

/** Seconds after which asking again may succeed (`Retry-After`), of problems that pass by themselves. */
export const retryAfterSeconds: Partial<Record<ProblemCode, number>> = {
  "request/timeout": 1,
  "request/rate-limited": 60,
  "request/too-many-streams": 30,
  "team/too-many-runs": 30,
  "hub/unavailable": 30,
  "worker/lost": 5,
  "device/lost": 5,
  "storage/unavailable": 30,
  "service/unavailable": 5,
};

export type ProblemCode = keyof typeof problems;

/** What refers to a resource, by its id, and why that keeps the resource. */
const Referrer = Type.Object({ id: Type.String(), name: Type.Optional(Type.String()), why: Type.String() });
export type Referrer = Static<typeof Referrer>;

/** What is wrong in one place: a field of the request, or a line of a file. */
export const PlacedError = Type.Object({
  field: Type.String({ description: "JSON pointer into the request, or `line 3`" }),
  line: Type.Optional(Type.Integer({ minimum: 1 })),
  detail: Type.String(),
});
export type PlacedError = Static<typeof PlacedError>;

/** Facts that say where the fault lies. All are optional. `field` is a JSON pointer into the request. */
export interface ProblemFacts {
  field?: string;
  file?: string;
  tensor?: string;
  byte?: number;
  line?: number;
  step?: number;
  runId?: string;
  /** Seconds after which asking again may succeed; without it, what {@link retryAfterSeconds} says. */
  retryAfter?: number;
  /** Of a dataset, all lines that cannot be read, up to a thousand, where they are more than one. */
  errors?: PlacedError[];
  /** What still refers to a resource that was to be deleted: at most 20. */
  referrers?: Referrer[];
}

/** RFC 9457 problem document, `application/problem+json`. */
export const ProblemDocument = Type.Object(
  {
    type: Type.String({ description: "URI reference of the page that explains the code" }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String({ description: "one sentence: what is wrong and what to do" }),
    code: Type.Unsafe<ProblemCode>({ type: "string", enum: Object.keys(problems) }),
    requestId: Type.Optional(Type.String()),
    field: Type.Optional(Type.String()),
    file: Type.Optional(Type.String()),
    tensor: Type.Optional(Type.String()),
    byte: Type.Optional(Type.Number()),
    line: Type.Optional(Type.Integer()),
    step: Type.Optional(Type.Integer()),
    runId: Type.Optional(Type.String()),
    retryAfter: Type.Optional(
      Type.Integer({ minimum: 0, description: "seconds after which asking again may succeed" }),
    ),
    errors: Type.Optional(Type.Array(PlacedError)),
    referrers: Type.Optional(Type.Array(Referrer)),
  },
  { additionalProperties: false },
);
export type ProblemDocument = Static<typeof ProblemDocument>;

/** The only error class. Compare its `code`, never the class, because a process can load two copies of this package. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly facts: ProblemFacts;

  constructor(code: ProblemCode, detail: string, facts: ProblemFacts = {}, options?: { cause?: unknown }) {
    super(detail, options);
    this.name = "Problem";
    this.code = code;
    this.facts = facts;
  }

  get status(): number {
    return problems[this.code].status;
  }

  toDocument(requestId?: string): ProblemDocument {
    const { status, title } = problems[this.code];
    return {
      type: `urn:espalier:problem:${this.code.replace("/", ":")}`,
      title,
      status,
      detail: this.message,
      code: this.code,
      ...(requestId === undefined ? {} : { requestId }),
      ...this.facts,
    };
  }

  /** The problem that a document from another process describes. */
  static fromDocument({ code, detail, ...rest }: ProblemDocument): Problem {
    const { type: _type, title: _title, status: _status, requestId: _requestId, ...facts } = rest;
    return new Problem(code, detail, facts);
  }
}

/** Recognises a Problem by its shape, because it may come from another copy of this package. */
export const isProblem = (error: unknown): error is Problem =>
  error instanceof Error &&
  "code" in error &&
  typeof error.code === "string" &&
  Object.hasOwn(problems, error.code) &&
  "toDocument" in error;
