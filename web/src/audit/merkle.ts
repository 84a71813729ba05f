// Proofs of RFC 6962 trees, by the algorithms of RFC 9162 section 2.1.3 and 2.1.4.
import { concat, same, sha256 } from "./canonical";

const leafMark = Uint8Array.of(0);
const nodeMark = Uint8Array.of(1);

export const leafHash = (data: Uint8Array) => sha256(leafMark, data);
const nodeHash = (left: Uint8Array, right: Uint8Array) => sha256(nodeMark, concat(left, right));

/**
 * The root that an audit path leads to from a leaf's hash; undefined when the
 * path has not the length that a tree of this size needs.
 */
export async function rootOfInclusion(
  index: number,
  size: number,
  leaf: Uint8Array,
  path: readonly Uint8Array[],
): Promise<Uint8Array | undefined> {
  if (!inside(index, size) || path.some((p) => p.length !== 32)) return undefined;
  let at = BigInt(index);
  let last = BigInt(size) - 1n;
  let hash = leaf;
  for (const p of path) {
    if (last === 0n) return undefined;
    if (at % 2n === 1n || at === last) {
      hash = await nodeHash(p, hash);
      while (at % 2n === 0n && at !== 0n) {
        at /= 2n;
        last /= 2n;
      }
    } else {
      hash = await nodeHash(hash, p);
    }
    at /= 2n;
    last /= 2n;
  }
  return last === 0n ? hash : undefined;
}

/** Whether the tree of `to` leaves with root `toRoot` holds all of the one of `from` leaves, in place. */
export async function consistent(
  from: number,
  fromRoot: Uint8Array,
  to: number,
  toRoot: Uint8Array,
  proof: readonly Uint8Array[],
): Promise<boolean> {
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || from < 1 || from > to) return false;
  if (proof.some((p) => p.length !== 32)) return false;
  if (from === to) return proof.length === 0 && same(fromRoot, toRoot);
  const power = (BigInt(from) & (BigInt(from) - 1n)) === 0n;
  const path = power ? [fromRoot, ...proof] : [...proof];
  const first = path.shift();
  if (!first || proof.length === 0) return false;
  let fn = BigInt(from) - 1n;
  let sn = BigInt(to) - 1n;
  while (fn % 2n === 1n) {
    fn /= 2n;
    sn /= 2n;
  }
  let older = first;
  let newer = first;
  for (const p of path) {
    if (sn === 0n) return false;
    if (fn % 2n === 1n || fn === sn) {
      older = await nodeHash(p, older);
      newer = await nodeHash(p, newer);
      while (fn % 2n === 0n && fn !== 0n) {
        fn /= 2n;
        sn /= 2n;
      }
    } else {
      newer = await nodeHash(newer, p);
    }
    fn /= 2n;
    sn /= 2n;
  }
  return sn === 0n && same(older, fromRoot) && same(newer, toRoot);
}

function inside(index: number, size: number): boolean {
  return Number.isSafeInteger(index) && Number.isSafeInteger(size) && index >= 0 && index < size;
}
