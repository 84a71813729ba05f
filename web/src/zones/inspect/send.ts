import { RequestError } from "../../api/client";
import type { WalkStore } from "./store";
import { shoot, type Walk } from "./walk";

/** The server, as far as sending needs it. Failures are RequestErrors; status 0 means no answer. */
export interface Server {
  upload(photo: Blob): Promise<{ id: string; masked: number }>;
  inspect(walk: Walk): Promise<void>;
  /** Whether an inspection of the zone by this account is on record since a moment. */
  recorded(walk: Walk, since: string): Promise<boolean>;
}

export type Outcome =
  | { kind: "walking"; walk: Walk } // everything there is was sent; the walk goes on
  | { kind: "waiting"; walk: Walk; error: RequestError } // no answer: try again later
  | { kind: "refused"; walk: Walk; error: RequestError } // the server said no: somebody must act
  | { kind: "sent"; walk: Walk };

/**
 * Sends what a walk has: photographs one by one, each let go here once the
 * server has it, and the inspection itself when the inspector is done. Whatever
 * stops it, the next call goes on where this one ended, and the inspection is
 * not recorded twice: when an answer was lost, the record is asked first.
 */
export async function send(
  start: Walk,
  store: WalkStore,
  server: Server,
  now: () => string,
): Promise<Outcome> {
  let walk = start;
  const keep = async (next: Walk) => {
    walk = next;
    await store.save(next);
  };
  try {
    for (const entrance of walk.entrances) {
      const shot = walk.shots[entrance];
      if (!shot || shot.id || shot.refused) continue;
      const photo = await store.photo(walk, entrance);
      if (!photo) continue;
      try {
        const { id, masked } = await server.upload(photo);
        await keep(shoot(walk, entrance, { taken: shot.taken, id, masked }));
        await store.dropPhoto(walk, entrance);
      } catch (err) {
        const e = asRequest(err);
        if (passing(e)) throw e;
        await keep(shoot(walk, entrance, { ...shot, refused: e.code || String(e.status) }));
        return { kind: "refused", walk, error: e };
      }
    }
    if (!walk.verdict) return { kind: "walking", walk };
    if (walk.attempted && (await server.recorded(walk, walk.attempted))) {
      await store.drop(walk);
      return { kind: "sent", walk };
    }
    await keep({ ...walk, attempted: walk.attempted ?? now() });
    await server.inspect(walk);
    await store.drop(walk);
    return { kind: "sent", walk };
  } catch (err) {
    const error = asRequest(err);
    if (passing(error)) return { kind: "waiting", walk, error };
    const { attempted: _, ...rest } = walk; // it was answered
    await keep(rest);
    return { kind: "refused", walk, error };
  }
}

/** No answer, or one that may be another next time. */
function passing(e: RequestError): boolean {
  return e.status === 0 || e.status >= 500 || e.status === 429 || e.status === 401;
}

function asRequest(err: unknown): RequestError {
  if (err instanceof RequestError) return err;
  return new RequestError(err instanceof TypeError ? 0 : -1, err instanceof Error ? err.message : "", "");
}
