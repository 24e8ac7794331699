import { generateKeyPairSync, randomUUID, sign, type KeyObject } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Provider } from "oidc-provider";

/** What the provider says of a person, beside `sub`. */
export type Person = Readonly<Record<string, unknown>>;

interface Grants {
  oidc: {
    client: { clientId: string };
    session: { accountId: string };
    provider: { Grant: new (of: object) => { addOIDCScope(scope: string): void; save(): Promise<void> } };
  };
}

/** A real OpenID provider on loopback, which signs everybody in at once as the person that `person` names. */
export class OpenIdProvider {
  /** By subject. */
  readonly people: Record<string, Person> = {};
  /** The subject who is signed in next. */
  person = "";
  /** By how much the clock of the provider is ahead, in seconds, when it signs a token. */
  clockAhead = 0;
  #handle = async (_request: IncomingMessage, response: ServerResponse): Promise<void> => {
    response.writeHead(503).end();
  };
  readonly #server = createServer((request, response) => void this.#handle(request, response));

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return this.issuer;
  }

  get issuer(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Knows this client, and signs with a key that it makes now; again: it has another key then. */
  serve(redirectUri: string): void {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const key = { ...privateKey.export({ format: "jwk" }), kid: randomUUID(), use: "sig", alg: "RS256" };
    const provider = new Provider(this.issuer, {
      clients: [
        {
          client_id: "espalier",
          client_secret: "a secret of the client",
          redirect_uris: [redirectUri],
          post_logout_redirect_uris: [new URL("/", redirectUri).href],
          grant_types: ["authorization_code"],
          response_types: ["code"],
        },
      ],
      jwks: { keys: [key] },
      cookies: { keys: [randomUUID()] },
      ttl: { Interaction: 600, Grant: 600, Session: 600, AccessToken: 600, IdToken: 600 },
      pkce: { required: () => true },
      claims: { openid: ["sub"], profile: ["preferred_username", "groups"], email: ["email"] },
      features: { devInteractions: { enabled: false } },
      interactions: { url: (_context: unknown, { uid }: { uid: string }) => `/login/${uid}` },
      findAccount: (_context: unknown, id: string) => ({
        accountId: id,
        claims: () => ({ sub: id, ...this.people[id] }),
      }),
      async loadExistingGrant({ oidc: { client, session, provider: made } }: Grants) {
        const grant = new made.Grant({ clientId: client.clientId, accountId: session.accountId });
        grant.addOIDCScope("openid profile email");
        await grant.save();
        return grant;
      },
    });
    const rest = provider.callback();
    this.#handle = async (request, response) => {
      if (request.url!.startsWith("/login/"))
        return provider.interactionFinished(request, response, { login: { accountId: this.person } });
      if (request.url === "/token") this.#signLater(response, privateKey);
      return rest(request, response);
    };
  }

  /** Signs the token of an answer anew, with the times of a clock that is ahead. */
  #signLater(response: ServerResponse, key: KeyObject): void {
    const end = response.end.bind(response) as (body: string) => ServerResponse;
    response.end = ((body: string | Buffer) => {
      const answer = JSON.parse(body.toString()) as { id_token?: string };
      if (answer.id_token === undefined || this.clockAhead === 0) return end(body.toString());
      const [header, payload] = answer.id_token.split(".");
      const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as { iat: number; exp: number };
      claims.iat += this.clockAhead;
      claims.exp += this.clockAhead;
      const signed = `${header}.${Buffer.from(JSON.stringify(claims)).toString("base64url")}`;
      answer.id_token = `${signed}.${sign("sha256", Buffer.from(signed), key).toString("base64url")}`;
      const written = JSON.stringify(answer);
      response.setHeader("content-length", Buffer.byteLength(written));
      return end(written);
    }) as ServerResponse["end"];
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
