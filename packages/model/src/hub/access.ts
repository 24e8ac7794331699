/** How a hub is reached. All but the token is the operator's choice, never a client's. */
export interface HubAccess {
  /** Base URL, such as `https://huggingface.co`. Its host may have any address, and may speak plain http. */
  readonly endpoint: string;
  /**
   * Further origins that the hub may send a download to, such as `http://minio.internal:9000`. Like the endpoint they may
   * have private addresses; all others must be public and speak https. @default none
   */
  readonly origins?: readonly string[];
  /** Proxies by the scheme of the target, and hosts that need none: HTTP_PROXY, HTTPS_PROXY, NO_PROXY. @default none */
  readonly proxy?: { readonly http?: string; readonly https?: string; readonly no?: string };
  /** Sent to the endpoint's origin alone. @default none */
  readonly token?: string;
}

/** What one download may take. */
export interface HubLimits {
  /** Largest file. */
  readonly fileBytes: number;
  /** Requests at a time. */
  readonly connections: number;
  /** Largest range of one request; what a broken connection can at most have to repeat is far less. */
  readonly pieceBytes: number;
  /** First range of a file of weights: long enough for most headers. */
  readonly headBytes: number;
  /** Gaps between wanted ranges that are fetched too, because another request would take longer. */
  readonly gapBytes: number;
  readonly connectSeconds: number;
  /** Until the head of an answer, and between two pieces of its body. */
  readonly silenceSeconds: number;
  /** A body that brings less than this in `silenceSeconds` counts as silent. */
  readonly leastBytes: number;
  /** Files of weights, and bytes of each other file. */
  readonly weightFiles: number;
  readonly smallFileBytes: number;
  /** Faults in a row after which the hub counts as away before any weights have arrived, so that it is reported soon. */
  readonly firstFaults: number;
  /** The same later, with less than `progressBytes` between them: a download outlasts some ten minutes without a hub. */
  readonly faults: number;
  readonly progressBytes: number;
  /** First pause after a fault; it doubles up to a minute. */
  readonly pauseSeconds: number;
  /** Longest wait that a hub may ask for. */
  readonly waitSeconds: number;
  /** For all of it. */
  readonly totalSeconds: number;
  /** What was received becomes durable this often. */
  readonly syncSeconds: number;
}

export const defaultLimits: HubLimits = {
  fileBytes: 64 * 2 ** 30,
  connections: 4,
  pieceBytes: 64 * 2 ** 20,
  headBytes: 128 * 2 ** 10,
  gapBytes: 256 * 2 ** 10,
  connectSeconds: 15,
  silenceSeconds: 30,
  leastBytes: 16 * 2 ** 10,
  weightFiles: 1000,
  smallFileBytes: 64 * 2 ** 20,
  firstFaults: 4,
  faults: 20,
  progressBytes: 64 * 2 ** 10,
  pauseSeconds: 0.5,
  waitSeconds: 600,
  totalSeconds: 86_400,
  syncSeconds: 5,
};
