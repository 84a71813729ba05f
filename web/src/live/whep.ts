import { csrfHeader } from "../api/client";
import { backoff } from "./backoff";
import type { Size } from "./view";

export type ViewState =
  | { kind: "connecting" }
  | { kind: "playing" }
  | { kind: "frozen"; since: number } // no new picture since then; it may go on
  | { kind: "lost" } // it played and broke off
  | { kind: "waiting"; until: number; status: number }; // the next attempt is due then

/** What a viewer measures, in milliseconds where not said otherwise. */
export interface ViewFigures {
  network: number; // half of the round trip and the wait in the jitter buffer
  fps: number;
  width: number;
  height: number;
}

const frozenAfter = 2000; // without a new picture for so long it is said that the picture is old
const stallAfter = 6000; // and after so long the view starts anew

/**
 * One live view by WHEP. It keeps trying until stop() is called. Only one
 * attempt exists at a time; what an older one reports is ignored.
 */
export class WhepView {
  readonly #url: string;
  readonly #video: HTMLVideoElement;
  readonly #onState: (s: ViewState) => void;
  readonly #onFigures: (f: ViewFigures) => void;
  #pc: RTCPeerConnection | undefined;
  #session = "";
  #attempt = 0;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #watch: ReturnType<typeof setInterval> | undefined;
  #frames = 0;
  #framesAt = 0;
  #buffered = { delay: 0, count: 0 };
  #frozen = false;
  #size: Size;
  #asked: Size; // what the session was last asked for

  constructor(
    url: string,
    size: Size,
    video: HTMLVideoElement,
    onState: (s: ViewState) => void,
    onFigures: (f: ViewFigures) => void,
  ) {
    this.#url = url;
    this.#size = this.#asked = size;
    this.#video = video;
    this.#onState = onState;
    this.#onFigures = onFigures;
  }

  /** Tells the server when the page is left, so that it counts no viewer who is gone. */
  readonly #leave = (): void => {
    if (this.#session) end(this.#session);
  };

  start(): void {
    addEventListener("pagehide", this.#leave);
    const attempt = ++this.#attempt;
    this.#onState({ kind: "connecting" });
    this.#connect(attempt).catch((err: unknown) => {
      if (attempt !== this.#attempt) return;
      this.#again(err instanceof Refused ? err.status : 0);
    });
  }

  stop(): void {
    removeEventListener("pagehide", this.#leave);
    this.#attempt++;
    clearTimeout(this.#timer);
    this.#close();
    this.#video.srcObject = null;
  }

  /** Asks for another rendition. The session goes on; the server changes over at a key picture. */
  resize(size: Size): void {
    this.#size = size;
    void this.#ask();
  }

  async #ask(): Promise<void> {
    if (!this.#session || this.#asked === this.#size) return;
    const want = this.#size;
    this.#asked = want;
    try {
      await fetch(`${this.#session}?size=${want}`, { method: "PATCH", headers: csrfHeader() });
    } catch {
      // The picture stays as it is; should the server be gone, the view notices by itself.
    }
  }

  async #connect(attempt: number): Promise<void> {
    const pc = new RTCPeerConnection();
    this.#pc = pc;
    const transceiver = pc.addTransceiver("video", { direction: "recvonly" });
    // As little waiting as the network allows; lost pictures are made good by a key picture.
    if ("jitterBufferTarget" in transceiver.receiver) transceiver.receiver.jitterBufferTarget = 0;
    pc.ontrack = (e) => {
      if (attempt === this.#attempt) this.#show(e.streams[0] ?? new MediaStream([e.track]), attempt);
    };
    pc.onconnectionstatechange = () => {
      if (attempt === this.#attempt && (pc.connectionState === "failed" || pc.connectionState === "closed")) {
        this.#broke();
      }
    };
    await pc.setLocalDescription(await pc.createOffer());
    // The offer goes out at once: the server learns this side's address from
    // its first packet, so that there is no need to wait for candidates.
    this.#asked = this.#size;
    const res = await fetch(`${this.#url}?size=${this.#size}`, {
      method: "POST",
      headers: { "Content-Type": "application/sdp", ...csrfHeader() },
      body: pc.localDescription?.sdp ?? "",
      signal: AbortSignal.timeout(8000),
    });
    const location = res.headers.get("Location");
    if (location && attempt !== this.#attempt) end(new URL(location, res.url).href);
    if (attempt !== this.#attempt) return;
    if (!res.ok) throw new Refused(res.status);
    if (location) this.#session = new URL(location, res.url).href;
    await pc.setRemoteDescription({ type: "answer", sdp: await res.text() });
    void this.#ask(); // the tile may have changed its size meanwhile
    this.#framesAt = performance.now();
    this.#watch = setInterval(() => void this.#measure(attempt), 1000);
  }

  #show(stream: MediaStream, attempt: number): void {
    this.#video.srcObject = stream;
    this.#video.play().catch(() => {
      // Muted pictures may always play; a refusal means the tile is gone.
    });
    this.#video.requestVideoFrameCallback(() => {
      if (attempt !== this.#attempt) return;
      this.#failures = 0;
      this.#frozen = false;
      this.#framesAt = performance.now();
      this.#onState({ kind: "playing" });
    });
  }

  async #measure(attempt: number): Promise<void> {
    const report = await this.#pc?.getStats();
    if (!report || attempt !== this.#attempt) return;
    let rtt = 0;
    const figures: ViewFigures = { network: 0, fps: 0, width: 0, height: 0 };
    for (const s of report.values()) {
      if (s.type === "candidate-pair" && s.nominated) rtt = s.currentRoundTripTime ?? 0;
      if (s.type !== "inbound-rtp" || s.kind !== "video") continue;
      const frames: number = s.framesDecoded ?? 0;
      if (frames !== this.#frames) {
        this.#frames = frames;
        this.#framesAt = performance.now();
      }
      const delay: number = s.jitterBufferDelay ?? 0;
      const count: number = s.jitterBufferEmittedCount ?? 0;
      const emitted = count - this.#buffered.count;
      figures.network = emitted > 0 ? ((delay - this.#buffered.delay) / emitted) * 1000 : 0;
      this.#buffered = { delay, count };
      figures.fps = s.framesPerSecond ?? 0;
      figures.width = s.frameWidth ?? 0;
      figures.height = s.frameHeight ?? 0;
    }
    figures.network += rtt * 500;
    this.#onFigures(figures);
    this.#judge(performance.now() - this.#framesAt);
  }

  /** Tells when pictures stop coming, and when they come again. */
  #judge(still: number): void {
    if (still > stallAfter) {
      this.#broke();
      return;
    }
    const frozen = this.#frames > 0 && still > frozenAfter;
    if (frozen === this.#frozen) return;
    this.#frozen = frozen;
    this.#onState(frozen ? { kind: "frozen", since: Date.now() - still } : { kind: "playing" });
  }

  #broke(): void {
    this.#onState({ kind: "lost" });
    this.#again(0);
  }

  #again(status: number): void {
    this.#attempt++;
    this.#close();
    const wait = backoff(this.#failures++, Math.random());
    if (status !== 0) this.#onState({ kind: "waiting", until: Date.now() + wait, status });
    else this.#onState({ kind: "lost" });
    this.#timer = setTimeout(() => this.start(), wait);
  }

  #close(): void {
    clearInterval(this.#watch);
    this.#frames = 0;
    this.#frozen = false;
    this.#buffered = { delay: 0, count: 0 };
    this.#pc?.close();
    this.#pc = undefined;
    if (this.#session) end(this.#session);
    this.#session = "";
  }
}

class Refused extends Error {
  readonly status: number;
  constructor(status: number) {
    super(`refused: ${status}`);
    this.status = status;
  }
}

/** Ends a session on the server, also when the page is being left. */
export function end(session: string): void {
  fetch(session, { method: "DELETE", keepalive: true, headers: csrfHeader() }).catch(() => {
    // The server notices by itself when the connection is gone.
  });
}
