import { isProblem, Problem } from "@espalier/contract";
import { GuardedFetch } from "@espalier/model/outbound";
import * as client from "openid-client";
import type { Config } from "../config.ts";
import type { Claims } from "./membership.ts";
import type { OidcSettings } from "./settings.ts";

/** What the browser keeps between the way to the provider and the way back. */
export interface Attempt {
  state: string;
  nonce: string;
  verifier: string;
}

/** Who has come back, and what the provider has signed. */
export interface SignedIn {
  claims: Claims;
  idToken: string;
}

/** Clocks may differ by so much. */
const skewSeconds = 60;
/** How long the provider's description and its keys are believed. Few people sign in, so that it costs little to ask again. */
const freshMs = 5_000;

/** The OpenID provider that the operator has named. */
export class Provider {
  readonly settings: OidcSettings;
  readonly #outbound: GuardedFetch;
  #known: { at: number; configuration: Promise<client.Configuration> } | undefined;

  constructor(settings: OidcSettings, { proxy }: Pick<Config, "proxy">) {
    this.settings = settings;
    this.#outbound = new GuardedFetch({
      trusted: new Set([settings.issuer.origin]),
      proxy,
      refuse: (host, why) =>
        new Problem(
          "service/unavailable",
          `The OpenID provider names ${host}, ${why}; nobody can sign in by it.`,
        ),
    });
  }

  /** Where a browser goes to sign in, and what it brings back. */
  async begin(redirectUri: string): Promise<{ url: URL; attempt: Attempt }> {
    const attempt = {
      state: client.randomState(),
      nonce: client.randomNonce(),
      verifier: client.randomPKCECodeVerifier(),
    };
    const configuration = await this.#configuration();
    const url = client.buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri,
      scope: `openid ${this.settings.scopes}`.trim(),
      state: attempt.state,
      nonce: attempt.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(attempt.verifier),
      code_challenge_method: "S256",
    });
    return { url, attempt };
  }

  /** Who has come back. @param url as the browser asked for it, with `code` and `state` */
  async finish(url: URL, { state, nonce, verifier }: Attempt): Promise<SignedIn> {
    const configuration = await this.#configuration();
    try {
      const tokens = await client.authorizationCodeGrant(configuration, url, {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
      });
      const [claims, idToken] = [tokens.claims()!, tokens.id_token!];
      const { groupsClaim } = this.settings;
      if (claims[groupsClaim] !== undefined || !configuration.serverMetadata().userinfo_endpoint)
        return { claims, idToken };
      // Some providers keep what is long out of the token.
      const more = await client.fetchUserInfo(configuration, tokens.access_token, claims.sub);
      return { claims: { ...more, ...claims }, idToken };
    } catch (error) {
      // It may have other keys since; the next attempt asks anew.
      this.#known = undefined;
      throw this.#problemOf(error);
    }
  }

  /**
   * Where a browser goes to end the sign-in at the provider as well, and comes back from (RP-initiated logout); undefined where the provider
   * has no such place. @param home it has to know this address, for the client
   */
  async end(home: URL, idToken: string | undefined): Promise<URL | undefined> {
    const configuration = await this.#configuration();
    const { end_session_endpoint: place } = configuration.serverMetadata();
    if (place === undefined || !/^https?:/.test(place)) return undefined;
    return client.buildEndSessionUrl(configuration, {
      post_logout_redirect_uri: home.href,
      ...(idToken === undefined ? {} : { id_token_hint: idToken }),
    });
  }

  async close(): Promise<void> {
    await this.#outbound.close();
  }

  async #configuration(): Promise<client.Configuration> {
    if (this.#known === undefined || performance.now() - this.#known.at > freshMs)
      this.#known = { at: performance.now(), configuration: this.#discover() };
    try {
      return await this.#known.configuration;
    } catch (error) {
      this.#known = undefined;
      throw this.#problemOf(error);
    }
  }

  #discover(): Promise<client.Configuration> {
    const { issuer, clientId, clientSecret } = this.settings;
    return client.discovery(
      issuer,
      clientId,
      { [client.clockTolerance]: skewSeconds },
      clientSecret === undefined ? client.None() : client.ClientSecretBasic(clientSecret),
      {
        execute: [
          client.enableNonRepudiationChecks,
          ...(issuer.protocol === "http:" ? [client.allowInsecureRequests] : []),
        ],
        [client.customFetch]: this.#outbound.fetch,
        timeout: 10,
      },
    );
  }

  #problemOf(error: unknown): unknown {
    const { host } = this.settings.issuer;
    for (let each = error; each instanceof Error; each = each.cause) if (isProblem(each)) return each;
    if (error instanceof client.AuthorizationResponseError)
      return new Problem(
        "auth/required",
        `${host} did not sign you in: ${error.error_description ?? error.error}.`,
        {},
        { cause: error },
      );
    if (isAway(error))
      return new Problem(
        "service/unavailable",
        `${host}, by which browsers sign in, does not answer; try again in a moment, or sign in with an API key.`,
        {},
        { cause: error },
      );
    return new Problem(
      "auth/required",
      `What ${host} answered does not prove who you are (${error instanceof Error ? error.message : "unknown"}); sign in again.`,
      {},
      { cause: error },
    );
  }
}

/** Whether an error says that the provider cannot be reached, or fails itself. */
function isAway(error: unknown): boolean {
  for (let each = error; each instanceof Error; each = each.cause) {
    const { code, status, cause } = each as Error & { code?: unknown; status?: unknown };
    if (each instanceof TypeError && /fetch failed/.test(each.message)) return true;
    if (typeof code === "string" && /^(E[A-Z]+|UND_ERR_\w+|OAUTH_TIMEOUT)$/.test(code)) return true;
    if (typeof status === "number" && status >= 500) return true;
    if (cause instanceof Response && cause.status >= 500) return true;
  }
  return false;
}
