// Checkpoints that an auditor keeps on this device, to be held against the log later.
import { useSyncExternalStore } from "react";

export interface Kept {
  origin: string;
  vkey: string;
  checkpoint: string;
  at: string; // RFC 3339
}

const place = "bystander.audit.checkpoints";
const most = 24;
const listeners = new Set<() => void>();
let cache: { raw: string | null; list: readonly Kept[] } = { raw: null, list: [] };

/** The kept checkpoints, the oldest first. */
export function useKept(): readonly Kept[] {
  return useSyncExternalStore(subscribe, read);
}

function subscribe(f: () => void): () => void {
  listeners.add(f);
  addEventListener("storage", f);
  return () => {
    listeners.delete(f);
    removeEventListener("storage", f);
  };
}

function read(): readonly Kept[] {
  const raw = localStorage.getItem(place);
  if (raw !== cache.raw) cache = { raw, list: parseKept(raw) };
  return cache.list;
}

/** What was kept; anything else is passed over. */
export function parseKept(raw: string | null): readonly Kept[] {
  try {
    const list: unknown = JSON.parse(raw ?? "[]");
    return Array.isArray(list) ? list.filter(isKept) : [];
  } catch {
    return [];
  }
}

function isKept(v: unknown): v is Kept {
  const k = v as Kept | null;
  return (
    typeof k === "object" &&
    k !== null &&
    [k.origin, k.vkey, k.checkpoint, k.at].every((s) => typeof s === "string")
  );
}

/** Keeps one more. When there are too many the second oldest goes: the oldest is worth the most. */
export function keep(k: Kept): void {
  const list = read().filter((o) => o.checkpoint !== k.checkpoint);
  write(list.length < most ? [...list, k] : [...list.slice(0, 1), ...list.slice(2), k]);
}

export function forget(checkpoint: string): void {
  write(read().filter((k) => k.checkpoint !== checkpoint));
}

function write(list: readonly Kept[]): void {
  localStorage.setItem(place, JSON.stringify(list));
  for (const f of listeners) f();
}
