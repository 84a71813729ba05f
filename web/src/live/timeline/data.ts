import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type HouseEvent, type Recording, read } from "../../api/client";
import { markKinds } from "./marks";
import { chunk, type Span } from "./scale";

const fresh = 10_000; // ms between looks at a stretch that is still being recorded

/** A list that may have been cut because it is too long to be shown. */
export interface Cut<T> {
  list: readonly T[];
  cut: boolean;
}

const iso = (ms: number) => new Date(ms).toISOString();

/** What was recorded in a stretch, newest first. */
export function useRecordings(span: Span, camera: string) {
  const c = chunk(span);
  return useQuery({
    queryKey: ["timeline", "recordings", c.from, c.to, camera],
    queryFn: ({ signal }) => recordings(c, camera, signal),
    placeholderData: keepPreviousData,
    refetchInterval: c.to >= Date.now() ? fresh : false,
  });
}

async function recordings(c: Span, camera: string, signal: AbortSignal): Promise<Cut<Recording>> {
  const list: Recording[] = [];
  let to = iso(c.to);
  for (let page = 0; page < 6; page++) {
    const got = await read("/v1/recordings", { camera, from: iso(c.from), to, limit: 500 }, signal);
    const known = new Set(list.map((r) => r.id));
    list.push(...got.recordings.filter((r) => !known.has(r.id)));
    const last = got.recordings.at(-1);
    if (!got.more || !last) return { list, cut: false };
    to = last.from;
  }
  return { list, cut: true };
}

/** What happened in a stretch, newest first. */
export function useMarks(span: Span, camera: string) {
  const c = chunk(span);
  return useQuery({
    queryKey: ["timeline", "events", c.from, c.to, camera],
    queryFn: ({ signal }) => events(c, camera, signal),
    placeholderData: keepPreviousData,
    refetchInterval: c.to >= Date.now() ? fresh : false,
  });
}

/** What operators noted in a stretch, newest first. */
export function useNotes(span: Span, camera: string) {
  const c = chunk(span);
  return useQuery({
    queryKey: ["timeline", "notes", c.from, c.to, camera],
    queryFn: async ({ signal }) =>
      (await read("/v1/notes", { camera, from: iso(c.from), to: iso(c.to), limit: 200 }, signal)).notes,
    placeholderData: keepPreviousData,
  });
}

async function events(
  c: Span,
  camera: string,
  signal: AbortSignal,
): Promise<Cut<HouseEvent> & { seen: Span }> {
  const list: HouseEvent[] = [];
  let before: string | undefined;
  for (let page = 0; page < 5; page++) {
    const got = await read(
      "/v1/events",
      {
        camera,
        kind: [...markKinds],
        from: iso(c.from),
        to: iso(c.to),
        limit: 200,
        ...(before ? { before } : {}),
      },
      signal,
    );
    list.push(...got.events);
    before = got.events.at(-1)?.cursor;
    if (!got.more || !before)
      return { list, cut: false, seen: { from: c.from, to: Math.min(c.to, Date.now()) } };
  }
  const oldest = list.at(-1);
  return {
    list,
    cut: true,
    seen: { from: oldest ? Date.parse(oldest.ts) : c.from, to: Math.min(c.to, Date.now()) },
  };
}
