import { useCallback, useEffect, useRef, useState } from "react";
import { client, type RequestError } from "../../api/client";
import { upload } from "../data";
import { type Outcome, type Server, send } from "./send";
import { openStore, type WalkStore } from "./store";
import { newWalk, shoot, type Walk } from "./walk";

/** The real server. */
const server: Server = {
  upload: async (photo) => {
    const { id, masked } = await upload(photo);
    return { id, masked };
  },
  inspect: async (w) => {
    const photos: Record<string, string> = {};
    for (const e of w.entrances) {
      const id = w.shots[e]?.id;
      if (id) photos[e] = id;
    }
    await client.POST("/v1/inspections", {
      body: { zone: w.zone, passed: w.verdict?.passed ?? false, photos, findings: w.verdict?.findings ?? "" },
    });
  },
  recorded: async (w, since) => {
    for (let after: string | undefined; ; ) {
      const { data } = await client.GET("/v1/inspections", {
        params: { query: { limit: 200, ...(after ? { after } : {}) } },
      });
      const found = data?.items.some(
        (i) =>
          i.zone === w.zone &&
          i.inspector === w.account &&
          Date.parse(i.date) >= Date.parse(since) - clockSlack,
      );
      if (found) return true;
      if (!data?.next) return false;
      after = data.next;
    }
  },
};

/** How far a telephone's clock may be from the server's. */
const clockSlack = 120_000;
/** How often a walk that waits is tried again while the page is open. */
const again = 15_000;

export type Sending =
  | { kind: "idle" }
  | { kind: "sending" }
  | { kind: "waiting" }
  | { kind: "refused"; error: RequestError }
  | { kind: "sent" };

export interface Walking {
  walk: Walk | undefined;
  loaded: boolean;
  /** The device keeps nothing: the walk lasts as long as the page. */
  forgetful: boolean;
  sending: Sending;
  change: (f: (w: Walk) => Walk) => void;
  take: (entrance: string, photo: Blob) => Promise<void>;
  /** The photograph as it is on this device. */
  photo: (entrance: string) => Promise<Blob | undefined>;
  sendNow: () => void;
  forget: () => Promise<void>;
}

/** A walk on this device: kept with every change, sent whenever there is a network. */
export function useWalk(
  zone: string,
  account: string,
  entrances: readonly string[],
  version: number,
  onSent: () => void,
): Walking {
  const [store] = useState<WalkStore>(openStore);
  const [walk, setWalk] = useState<Walk>();
  const [loaded, setLoaded] = useState(false);
  const [forgetful, setForgetful] = useState(false);
  const [sending, setSending] = useState<Sending>({ kind: "idle" });
  const now = useRef<Walk>(undefined);
  const busy = useRef(false);
  const begun = useRef(false);

  const set = useCallback(
    (w: Walk) => {
      now.current = w;
      setWalk(w);
      store.save(w).catch(() => setForgetful(true));
    },
    [store],
  );

  useEffect(() => {
    if (begun.current || entrances.length === 0) return;
    begun.current = true;
    const fresh = newWalk(zone, version, account, entrances, new Date().toISOString());
    store
      .walk(account, zone)
      .catch(() => {
        setForgetful(true);
        return undefined;
      })
      .then((kept) => {
        now.current = kept ?? fresh;
        setWalk(now.current);
        setLoaded(true);
      });
  }, [store, zone, account, entrances, version]);

  const sendNow = useCallback(() => {
    const w = now.current;
    if (!w || busy.current) return;
    const pending =
      w.verdict || w.entrances.some((e) => w.shots[e] && !w.shots[e]?.id && !w.shots[e]?.refused);
    if (!pending) return;
    busy.current = true;
    setSending({ kind: "sending" });
    void send(w, store, server, () => new Date().toISOString())
      .then((out: Outcome) => {
        // Answers given meanwhile stay: only photographs and the attempt come from sending.
        const latest = now.current;
        if (latest && out.kind !== "sent") {
          const shots = { ...latest.shots };
          for (const e of out.walk.entrances) {
            const mine = latest.shots[e];
            const sent = out.walk.shots[e];
            if (sent && mine?.taken === sent.taken) shots[e] = sent;
          }
          const { attempted: _, ...rest } = latest;
          const merged: Walk = {
            ...rest,
            shots,
            ...(out.walk.attempted ? { attempted: out.walk.attempted } : {}),
          };
          if (out.kind === "refused") {
            const { verdict: _v, ...open } = merged;
            set(open); // somebody must act; it is not tried by itself
          } else set(merged);
        }
        if (out.kind === "sent") {
          now.current = undefined;
          onSent();
          setSending({ kind: "sent" });
        } else if (out.kind === "refused") setSending({ kind: "refused", error: out.error });
        else setSending({ kind: out.kind === "waiting" ? "waiting" : "idle" });
      })
      .finally(() => {
        busy.current = false;
      });
  }, [store, set, onSent]);

  useEffect(() => {
    if (!loaded) return;
    sendNow();
    const timer = setInterval(sendNow, again);
    addEventListener("online", sendNow);
    return () => {
      clearInterval(timer);
      removeEventListener("online", sendNow);
    };
  }, [loaded, sendNow]);

  const change = useCallback<Walking["change"]>(
    (f) => {
      if (now.current) set(f(now.current));
    },
    [set],
  );
  const take = useCallback<Walking["take"]>(
    async (entrance, photo) => {
      if (!now.current) return;
      await store.keepPhoto(now.current, entrance, photo).catch(() => setForgetful(true));
      change((w) => shoot(w, entrance, { taken: new Date().toISOString() }));
      sendNow();
    },
    [store, change, sendNow],
  );
  const photo = useCallback<Walking["photo"]>(
    async (entrance) => (now.current ? store.photo(now.current, entrance).catch(() => undefined) : undefined),
    [store],
  );
  const forget = useCallback(async () => {
    if (now.current) await store.drop(now.current).catch(() => {});
    set(newWalk(zone, version, account, entrances, new Date().toISOString()));
    setSending({ kind: "idle" });
  }, [store, set, zone, version, account, entrances]);
  return { walk, loaded, forgetful, sending, change, take, photo, sendNow, forget };
}
