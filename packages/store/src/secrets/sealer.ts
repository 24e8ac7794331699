import { Problem } from "@espalier/contract";
import { Seal } from "./seal.ts";

/** The secrets of the service: ESPALIER_SECRET, and those of before that may still be needed. */
export interface ServiceSecrets {
  /** Seals, and opens what it has sealed. */
  secret?: string | undefined;
  /** Open what was sealed with them, until all of it is sealed anew. */
  previousSecrets?: readonly string[] | undefined;
}

const notConfigured = (detail: string, cause?: unknown): Problem =>
  new Problem("service/not-configured", detail, {}, { cause });

/** Seals with the secret of today, and opens what was sealed with that one or an earlier one. */
export class Sealer {
  readonly #current: Seal | undefined;
  readonly #previous: readonly Seal[];

  constructor({ secret, previousSecrets = [] }: ServiceSecrets) {
    this.#current = secret === undefined ? undefined : new Seal(secret);
    this.#previous = previousSecrets.map((each) => new Seal(each));
  }

  /** @throws {Problem} `service/not-configured` when this process has no secret to seal with */
  seal(text: string, context: string): Buffer {
    if (this.#current) return this.#current.seal(text, context);
    throw notConfigured(
      "The service keeps no secrets of its users, because it has no ESPALIER_SECRET; set it on the API and the workers.",
    );
  }

  /** @throws {Problem} `service/not-configured` when no secret of this process opens it */
  open(sealed: Uint8Array, context: string): string {
    let cause: unknown;
    for (const seal of [this.#current, ...this.#previous])
      try {
        if (seal) return seal.open(sealed, context);
      } catch (error) {
        cause = error;
      }
    throw notConfigured(
      this.#current
        ? "This process cannot open what was sealed: ESPALIER_SECRET is not the one of that time, nor is one in ESPALIER_SECRET_PREVIOUS."
        : "This process cannot open what was sealed: it has no ESPALIER_SECRET.",
      cause,
    );
  }

  /** Whether something may still be sealed with an earlier secret, and can be sealed with that of today. */
  get mayReseal(): boolean {
    return this.#current !== undefined && this.#previous.length > 0;
  }

  /** The same, sealed with the secret of today; undefined where it is so already, or where nothing here opens it. */
  again(sealed: Uint8Array, context: string): Buffer | undefined {
    if (!this.#current || opens(this.#current, sealed, context)) return undefined;
    const previous = this.#previous.find((seal) => opens(seal, sealed, context));
    return previous && this.#current.seal(previous.open(sealed, context), context);
  }
}

function opens(seal: Seal, sealed: Uint8Array, context: string): boolean {
  try {
    seal.open(sealed, context);
    return true;
  } catch {
    return false;
  }
}
