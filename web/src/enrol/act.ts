import { useCallback, useRef, useState } from "react";
import { csrfHeader, problemOf, RequestError } from "../api/client";
import type { Taken } from "./types";

/**
 * Sends what somebody said. Under the same key the server takes it once, so
 * that trying again after a lost answer gives nothing twice.
 */
export async function say<A>(path: string, body: unknown, key?: string): Promise<A> {
  let res: Response;
  try {
    res = await fetch(path, {
      method: "POST",
      headers: {
        Accept: "application/json",
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...(key ? { "Idempotency-Key": key } : {}),
        ...csrfHeader(),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch {
    throw new RequestError(0, "", "");
  }
  if (!res.ok) throw await problemOf(res);
  return (await res.json()) as A;
}

/** Hands a photograph in: the picture itself is the request's body. */
export async function handIn(session: string, photo: Blob, supplied = false): Promise<Taken> {
  let res: Response;
  try {
    res = await fetch(`/v1/enrolments/${session}/photos?data_type=${supplied ? 1 : 0}`, {
      method: "POST",
      headers: { Accept: "application/json", "Content-Type": photo.type, ...csrfHeader() },
      body: photo,
    });
  } catch {
    throw new RequestError(0, "", "");
  }
  if (!res.ok) throw await problemOf(res);
  return (await res.json()) as Taken;
}

/** A key for each thing that is said, the same for every attempt at it. */
export class Keys {
  readonly #keys = new Map<string, string>();

  of(what: string): string {
    let key = this.#keys.get(what);
    if (!key) {
      key = crypto.randomUUID();
      this.#keys.set(what, key);
    }
    return key;
  }
}

/** One thing at a time: whether it is under way, why it failed, and how to try it again. */
export function useAct() {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const last = useRef<() => Promise<void>>(undefined);
  const running = useRef(false);
  const run = useCallback(async (what: () => Promise<void>) => {
    if (running.current) return;
    running.current = true;
    last.current = what;
    setBusy(true);
    setError(undefined);
    try {
      await what();
    } catch (err) {
      setError(err);
    } finally {
      running.current = false;
      setBusy(false);
    }
  }, []);
  const again = useCallback(() => {
    if (last.current) void run(last.current);
  }, [run]);
  const clear = useCallback(() => setError(undefined), []);
  return { busy, error, run, again, clear };
}

/** SHA-256 of a file in hex. The file itself goes nowhere. */
export async function digest(file: Blob): Promise<string> {
  const sum = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return [...new Uint8Array(sum)].map((b) => b.toString(16).padStart(2, "0")).join("");
}
