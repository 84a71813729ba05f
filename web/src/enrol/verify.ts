// A receipt is a JSON Web Signature; whoever has the published keys can check
// it, here with the browser's own WebCrypto.

export type Verdict = "genuine" | "altered" | "unknown-key" | "unsupported";

export interface PublicKey {
  kty: string;
  crv: string;
  x: string;
  kid: string;
}

/** Checks a compact JWS with an Ed25519 signature against published keys. */
export async function verifyReceipt(jws: string, keys: readonly PublicKey[]): Promise<Verdict> {
  const [head, body, sig, more] = jws.split(".");
  if (!head || !body || !sig || more !== undefined) return "altered";
  let header: { alg?: unknown; kid?: unknown };
  try {
    header = JSON.parse(new TextDecoder().decode(bytes(head))) as typeof header;
  } catch {
    return "altered";
  }
  if (header.alg !== "EdDSA") return "altered";
  const key = keys.find((k) => k.kty === "OKP" && k.crv === "Ed25519" && k.kid === header.kid);
  if (!key) return "unknown-key";
  let pub: CryptoKey;
  try {
    pub = await crypto.subtle.importKey("raw", bytes(key.x), { name: "Ed25519" }, false, ["verify"]);
  } catch {
    return "unsupported";
  }
  try {
    const ok = await crypto.subtle.verify(
      "Ed25519",
      pub,
      bytes(sig),
      new TextEncoder().encode(`${head}.${body}`),
    );
    return ok ? "genuine" : "altered";
  } catch {
    return "altered";
  }
}

/** The bytes of unpadded base64url. */
function bytes(text: string): Uint8Array<ArrayBuffer> {
  const b = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(b, (c) => c.charCodeAt(0));
}
