// What the account pages ask of the server, beyond what every page knows.
import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { client, RequestError, type Schemas, setCSRF } from "../api/client";
import { type Answer, asked, given, type Options } from "../session/passkey";

export { type Answer, given, PasskeyRefused, showPasskey, take } from "../session/passkey";
export type Own = Schemas["SessionOwn"];

/** What every panel of the account page is given: one's account, and the way to read it anew. */
export interface OwnPart {
  own: Own;
  reload: () => Promise<unknown>;
}

/** Who is signed in and how one can sign in, and the way to take up a newer answer. */
export function useAnswer() {
  const query = useQuery({ queryKey: ["session", "ways"], queryFn: answer, staleTime: 0, gcTime: 0 });
  return query;
}

async function answer(): Promise<Answer> {
  const { data } = await client.GET("/v1/session");
  if (!data) throw new RequestError(0, "", "");
  setCSRF(data.csrf);
  return data;
}

/** Has the browser make a passkey, and hands it to the server. */
export async function addPasskey(label: string): Promise<Schemas["RecoveryOutputBody"]> {
  const begun = given((await client.POST("/v1/session/passkeys/begin")).data);
  const options = (begun.options as Options).publicKey as PublicKeyCredentialCreationOptionsJSON;
  const made = await asked(() =>
    navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) }),
  );
  const done = await client.POST("/v1/session/passkeys", {
    body: { ceremony: begun.ceremony, label, credential: made },
  });
  return given(done.data);
}

const own = ["/signin", "/setup", "/account"];

/**
 * Loads the page anew when the document belongs to another one: the permission to
 * use passkeys is given to the documents of the account alone.
 */
export function useOwnDocument(): void {
  useEffect(() => {
    const [entry] = performance.getEntriesByType("navigation");
    if (!entry?.name) return;
    const { pathname } = new URL(entry.name);
    if (!own.some((p) => pathname === p || pathname.startsWith(`${p}/`))) location.reload();
  }, []);
}

/** Where to go after signing in: an address of ours, the start page for any other. */
export function destination(then: string | null): string {
  if (!then?.startsWith("/") || then.startsWith("//") || /[\\\s]/.test(then)) return "/";
  const path = then.split(/[?#]/)[0] ?? "/";
  return path === "/signin" || path === "/setup" ? "/" : then;
}
