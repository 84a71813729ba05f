import type { Walk } from "./walk";

/** Where walks wait until they are sent. */
export interface WalkStore {
  walks(account: string): Promise<Walk[]>;
  walk(account: string, zone: string): Promise<Walk | undefined>;
  save(walk: Walk): Promise<void>;
  /** Forgets a walk and its photographs. */
  drop(walk: Walk): Promise<void>;
  keepPhoto(walk: Walk, entrance: string, photo: Blob): Promise<void>;
  photo(walk: Walk, entrance: string): Promise<Blob | undefined>;
  dropPhoto(walk: Walk, entrance: string): Promise<void>;
}

const key = (account: string, zone: string) => `${account}\n${zone}`;
const photoKey = (w: Walk, entrance: string) => `${key(w.account, w.zone)}\n${entrance}`;

/** Keeps walks in the browser's database. A photograph is kept as bytes, which every browser can store. */
export function openStore(name = "bystander-inspections"): WalkStore {
  let opened: Promise<IDBDatabase> | undefined;
  const db = () => {
    opened ??= new Promise((done, failed) => {
      const req = indexedDB.open(name, 1);
      req.onupgradeneeded = () => {
        req.result.createObjectStore("walks");
        req.result.createObjectStore("photos");
      };
      req.onsuccess = () => done(req.result);
      req.onerror = () => failed(req.error ?? new Error("indexedDB"));
    });
    opened.catch(() => {
      opened = undefined; // the next attempt opens anew
    });
    return opened;
  };
  const run = async <T>(
    stores: string[],
    mode: IDBTransactionMode,
    f: (tx: IDBTransaction) => IDBRequest<T> | undefined,
  ): Promise<T | undefined> => {
    const tx = (await db()).transaction(stores, mode);
    return new Promise((done, failed) => {
      const req = f(tx);
      tx.oncomplete = () => done(req?.result);
      tx.onerror = () => failed(tx.error ?? new Error("indexedDB"));
      tx.onabort = () => failed(tx.error ?? new Error("indexedDB"));
    });
  };
  return {
    async walks(account) {
      const all = (await run(["walks"], "readonly", (tx) => tx.objectStore("walks").getAll())) as
        | Walk[]
        | undefined;
      return (all ?? []).filter((w) => w.account === account);
    },
    walk: (account, zone) =>
      run(["walks"], "readonly", (tx) => tx.objectStore("walks").get(key(account, zone)) as IDBRequest<Walk>),
    async save(w) {
      await run(["walks"], "readwrite", (tx) => tx.objectStore("walks").put(w, key(w.account, w.zone)));
    },
    async drop(w) {
      await run(["walks", "photos"], "readwrite", (tx) => {
        for (const e of w.entrances) tx.objectStore("photos").delete(photoKey(w, e));
        tx.objectStore("walks").delete(key(w.account, w.zone));
        return undefined;
      });
    },
    async keepPhoto(w, e, photo) {
      const kept = { type: photo.type, bytes: await photo.arrayBuffer() };
      await run(["photos"], "readwrite", (tx) => tx.objectStore("photos").put(kept, photoKey(w, e)));
    },
    async photo(w, e) {
      const kept = (await run(["photos"], "readonly", (tx) =>
        tx.objectStore("photos").get(photoKey(w, e)),
      )) as { type: string; bytes: ArrayBuffer } | undefined;
      return kept ? new Blob([kept.bytes], { type: kept.type }) : undefined;
    },
    async dropPhoto(w, e) {
      await run(["photos"], "readwrite", (tx) => tx.objectStore("photos").delete(photoKey(w, e)));
    },
  };
}
