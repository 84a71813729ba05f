import { type Camera, type EventPage, type HouseEvent, RequestError, read, type Status } from "../api/client";
import { backoff } from "./backoff";
import { merge } from "./events/words";

export type Link = "connecting" | "open" | "lost";

/** Everything the live page shows that moves. Parts are replaced, never changed. */
export interface HouseState {
  link: Link;
  cameras: readonly Camera[] | undefined; // undefined until first known
  status: Status | undefined;
  events: readonly HouseEvent[] | undefined; // newest first
  more: boolean; // older events exist
  arrived: ReadonlySet<string>; // ids of events that came while the page was open
  error: RequestError | undefined;
}

const keep = 1000; // events held; older ones are asked for again when wanted

/**
 * House follows the server: one read of the past, then the stream. It never
 * gives up, and takes up where it lost the stream.
 */
export class House {
  #state: HouseState = {
    link: "connecting",
    cameras: undefined,
    status: undefined,
    events: undefined,
    more: false,
    arrived: new Set(),
    error: undefined,
  };
  readonly #listeners = new Set<() => void>();
  #source: EventSource | undefined;
  #cursor = "";
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running = false;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
  readonly snapshot = (): HouseState => this.#state;

  start(): void {
    if (this.#running) return;
    this.#running = true;
    void this.#begin();
  }

  stop(): void {
    this.#running = false;
    clearTimeout(this.#timer);
    this.#source?.close();
  }

  /** Begins anew at once, for a person who will not wait. */
  retry(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#failures = 0;
    void this.#begin();
  }

  #set(part: Partial<HouseState>): void {
    this.#state = { ...this.#state, ...part };
    for (const l of this.#listeners) l();
  }

  async #begin(): Promise<void> {
    // The stream brings the cameras too, but pictures need not wait for the log.
    // Cameras that went while the stream was away are told by nothing else.
    const cameras = read("/v1/cameras").then(
      (got) => this.#set({ cameras: got.cameras.toSorted((a, b) => (a.id < b.id ? -1 : 1)) }),
      () => {
        // The stream will bring them, or its own error.
      },
    );
    try {
      this.#past(await read("/v1/events", { limit: 50 }));
      this.#set({ error: undefined });
    } catch (err) {
      if (err instanceof RequestError) this.#set({ error: err });
      // Cameras are shown even when the log cannot be read.
    }
    await cameras;
    if (this.#running) this.#follow();
  }

  #past(page: EventPage): void {
    this.#cursor = page.cursor;
    this.#set({ events: merge([], page.events, keep), more: page.more });
  }

  #follow(): void {
    const after = this.#cursor ? `?after=${encodeURIComponent(this.#cursor)}` : "";
    const source = new EventSource(`/v1/stream${after}`);
    this.#source = source;
    source.onopen = () => {
      this.#failures = 0;
      this.#set({ link: "open" });
    };
    source.onerror = () => {
      this.#set({ link: "lost" });
      if (source.readyState === EventSource.CLOSED) this.#later();
    };
    on<Camera>(source, "camera", (c) => this.#set({ cameras: putCamera(this.#state.cameras ?? [], c) }));
    on<{ id: string }>(source, "camera_gone", ({ id }) =>
      this.#set({ cameras: (this.#state.cameras ?? []).filter((c) => c.id !== id) }),
    );
    on<Status>(source, "status", (s) => this.#set({ status: s, cameras: this.#state.cameras ?? [] }));
    on<HouseEvent>(source, "event", (e, id) => {
      if (id) this.#cursor = id;
      this.#set({
        events: merge(this.#state.events ?? [], [e], keep),
        arrived: new Set([e.id, ...this.#state.arrived].slice(0, 100)),
      });
    });
    on(source, "reset", () => this.retry());
    on<{ status: number; detail: string; request_id: string }>(source, "problem", (p) => {
      this.#set({ error: new RequestError(p.status, p.detail, p.request_id), link: "lost" });
    });
  }

  #later(): void {
    this.#source?.close();
    if (!this.#running) return;
    this.#timer = setTimeout(() => void this.#begin(), backoff(this.#failures++, Math.random()));
  }
}

function on<T>(source: EventSource, name: string, take: (data: T, id: string) => void): void {
  source.addEventListener(name, (e) => {
    const m = e as MessageEvent<string>;
    take(JSON.parse(m.data) as T, m.lastEventId);
  });
}

/** Replaces or adds a camera, in the order of ids. */
export function putCamera(cameras: readonly Camera[], c: Camera): readonly Camera[] {
  const at = cameras.findIndex((x) => x.id === c.id);
  if (at >= 0) return cameras.with(at, c);
  return [...cameras, c].sort((a, b) => (a.id < b.id ? -1 : 1));
}
