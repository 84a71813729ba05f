// Passkeys, and the answers of the session: what signing in and giving a second
// factor anew have in common.
import { client, RequestError, type Schemas, setCSRF } from "../api/client";

export type Answer = Schemas["SessionAnswer"];
export type Options = { publicKey?: unknown };

/** Keeps an answer's token for what follows, and returns the answer. */
export function take(a: Answer | undefined): Answer {
  if (!a) throw new RequestError(0, "", "");
  setCSRF(a.csrf);
  return a;
}

/** What a call gave; a call that succeeds has an answer. */
export function given<T>(data: T | undefined): T {
  if (data === undefined) throw new RequestError(0, "", "");
  return data;
}

/** Marks what the browser itself refused, so that it is said in words. */
export class PasskeyRefused extends Error {}

/** Signs in by passkey, or gives one as second factor. */
export async function showPasskey(): Promise<Answer> {
  const begun = given((await client.POST("/v1/session/passkey/begin")).data);
  const options = (begun.options as Options).publicKey as PublicKeyCredentialRequestOptionsJSON;
  const shown = await asked(() =>
    navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) }),
  );
  const done = await client.POST("/v1/session/passkey", {
    body: { ceremony: begun.ceremony, credential: shown },
  });
  return take(done.data);
}

/** What the browser gave; PasskeyRefused when it gave none. */
export async function asked(ask: () => Promise<Credential | null>): Promise<Record<string, unknown>> {
  let got: Credential | null;
  try {
    got = await ask();
  } catch (err) {
    throw new PasskeyRefused(String(err));
  }
  if (!(got instanceof PublicKeyCredential)) throw new PasskeyRefused("");
  return got.toJSON() as Record<string, unknown>;
}
