// Checkpoints: signed notes (c2sp.org/signed-note, c2sp.org/tlog-checkpoint).
import { concat, fromBase64, fromHex, RowError, same, sha256 } from "./canonical";

const text = new TextEncoder();
const algorithm = 1; // Ed25519 in a signed note

/** What a checkpoint says. */
export interface Checkpoint {
  origin: string;
  size: number;
  root: Uint8Array;
  /** The note's text, which the signatures cover. */
  signed: string;
  signatures: readonly { name: string; keyHash: Uint8Array; signature: Uint8Array<ArrayBuffer> }[];
}

/** A log's verifier key: its name, and the Ed25519 key that signs checkpoints. */
export interface VerifierKey {
  name: string;
  hash: Uint8Array;
  key: Uint8Array<ArrayBuffer>;
}

/** Reads a checkpoint. Throws RowError for anything else. */
export function parseCheckpoint(note: string): Checkpoint {
  const at = note.lastIndexOf("\n\n");
  if (at < 0 || !note.endsWith("\n")) throw new RowError("no signed note");
  const signed = note.slice(0, at + 1);
  const [origin, size, root] = signed.split("\n");
  if (!origin || !size || !root || !/^(0|[1-9]\d*)$/.test(size)) throw new RowError("no checkpoint");
  const leaves = Number(size);
  const hash = fromBase64(root);
  if (!Number.isSafeInteger(leaves) || hash.length !== 32) throw new RowError("no checkpoint");
  const signatures = note
    .slice(at + 2)
    .trimEnd()
    .split("\n")
    .map((line) => {
      const parts = /^\u2014 (\S+) (\S+)$/.exec(line);
      if (!parts) throw new RowError("no signature");
      const bytes = fromBase64(parts[2] as string);
      return { name: parts[1] as string, keyHash: bytes.slice(0, 4), signature: bytes.slice(4) };
    });
  return { origin, size: leaves, root: hash, signed, signatures };
}

/** Reads a verifier key such as "name+0a1b2c3d+ATx…"; checks that its parts belong together. */
export async function parseVerifierKey(vkey: string): Promise<VerifierKey> {
  const parts = /^([^+\s]+)\+([0-9a-f]{8})\+(\S+)$/.exec(vkey.trim());
  if (!parts) throw new RowError("no verifier key");
  const [, name, hex, base] = parts as unknown as [string, string, string, string];
  const bytes = fromBase64(base);
  if (bytes[0] !== algorithm || bytes.length !== 33) throw new RowError("no Ed25519 key");
  const hash = (await sha256(text.encode(`${name}\n`), bytes)).slice(0, 4);
  if (!same(hash, fromHex(hex) as Uint8Array)) throw new RowError("the key's fingerprint is another's");
  return { name, hash, key: bytes.slice(1) };
}

/** Whether this log's key signed the checkpoint. Throws where the browser lacks Ed25519. */
export async function signedBy(cp: Checkpoint, key: VerifierKey): Promise<boolean> {
  if (cp.origin !== key.name) return false;
  for (const s of cp.signatures)
    if (s.name === key.name && same(s.keyHash, key.hash))
      return verifyEd25519(key.key, s.signature, concat(text.encode(cp.signed)));
  return false;
}

/** The browser has no Ed25519, or gives it only to pages over HTTPS. */
export class NoEd25519 extends Error {}

export async function verifyEd25519(
  key: Uint8Array<ArrayBuffer>,
  signature: Uint8Array<ArrayBuffer>,
  data: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  if (!globalThis.crypto?.subtle) throw new NoEd25519();
  if (key.length !== 32 || signature.length !== 64) return false;
  let k: CryptoKey;
  try {
    k = await crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
  } catch (err) {
    if (err instanceof DOMException && err.name === "NotSupportedError") throw new NoEd25519();
    return false;
  }
  return crypto.subtle.verify({ name: "Ed25519" }, k, signature, data);
}
