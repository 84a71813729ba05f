import { csrfHeader } from "../api/client";
import { backoff } from "../live/backoff";
import { end } from "../live/whep";

export type PublishState =
  | { kind: "idle" }
  | { kind: "asking" }
  | { kind: "connecting" }
  | { kind: "live" }
  | { kind: "retrying" }
  | { kind: "stopped"; why: Trouble; status: number; text: string };

export type Trouble = "denied" | "missing" | "busy" | "insecure" | "refused" | "other";

export interface PublishFigures {
  width: number;
  height: number;
  fps: number;
  kbps: number;
}

/** Publishes this browser's camera by WHIP, from the person's click until stop(). */
export class Publisher {
  readonly #url: string;
  readonly #preview: HTMLVideoElement;
  readonly #onState: (s: PublishState) => void;
  readonly #onFigures: (f: PublishFigures) => void;
  #stream: MediaStream | undefined;
  #pc: RTCPeerConnection | undefined;
  #session = "";
  #attempt = 0;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #watch: ReturnType<typeof setInterval> | undefined;
  #sent = { bytes: 0, at: 0 };

  constructor(
    url: string,
    preview: HTMLVideoElement,
    onState: (s: PublishState) => void,
    onFigures: (f: PublishFigures) => void,
  ) {
    this.#url = url;
    this.#preview = preview;
    this.#onState = onState;
    this.#onFigures = onFigures;
  }

  /** Asks for the camera; call it from a click only. */
  async start(): Promise<void> {
    const attempt = ++this.#attempt;
    if (!navigator.mediaDevices) {
      this.#fail("insecure");
      return;
    }
    this.#onState({ kind: "asking" });
    let stream: MediaStream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        audio: false,
        video: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 25, max: 30 } },
      });
    } catch (err) {
      if (attempt === this.#attempt) this.#fail(troubleOf(err), 0, err instanceof Error ? err.message : "");
      return;
    }
    if (attempt !== this.#attempt) {
      for (const t of stream.getTracks()) t.stop();
      return;
    }
    this.#stream = stream;
    this.#preview.srcObject = stream;
    stream.getVideoTracks()[0]?.addEventListener("ended", () => this.stop());
    this.#try();
  }

  /** Ends the publishing and gives the camera back. */
  stop(): void {
    this.#release();
    this.#onState({ kind: "idle" });
  }

  #release(): void {
    this.#attempt++;
    clearTimeout(this.#timer);
    this.#close();
    for (const t of this.#stream?.getTracks() ?? []) t.stop();
    this.#stream = undefined;
    this.#preview.srcObject = null;
  }

  #fail(why: Trouble, status = 0, text = ""): void {
    this.#release();
    this.#onState({ kind: "stopped", why, status, text });
  }

  #try(): void {
    const attempt = ++this.#attempt;
    this.#onState({ kind: this.#failures ? "retrying" : "connecting" });
    this.#connect(attempt).catch(() => {
      if (attempt === this.#attempt) this.#again();
    });
  }

  async #connect(attempt: number): Promise<void> {
    const track = this.#stream?.getVideoTracks()[0];
    if (!track) return;
    const pc = new RTCPeerConnection();
    this.#pc = pc;
    const sender = pc.addTransceiver(track, {
      direction: "sendonly",
      streams: [this.#stream as MediaStream],
    });
    preferH264(sender);
    pc.onconnectionstatechange = () => {
      if (attempt !== this.#attempt) return;
      if (pc.connectionState === "connected") {
        this.#failures = 0;
        this.#onState({ kind: "live" });
      } else if (pc.connectionState === "failed") this.#again();
    };
    await pc.setLocalDescription(await pc.createOffer());
    await gathered(pc, 1500);
    const res = await fetch(this.#url, {
      method: "POST",
      headers: { "Content-Type": "application/sdp", ...csrfHeader() },
      body: pc.localDescription?.sdp ?? "",
      signal: AbortSignal.timeout(10000),
    });
    const location = res.headers.get("Location");
    if (location && attempt !== this.#attempt) end(new URL(location, res.url).href);
    if (attempt !== this.#attempt) return;
    if (!res.ok) {
      // What the server refuses now it will refuse again, unless it is only busy.
      if (res.status >= 500 || res.status === 409) throw new Error(`status ${res.status}`);
      this.#fail("refused", res.status);
      return;
    }
    if (location) this.#session = new URL(location, res.url).href;
    await pc.setRemoteDescription({ type: "answer", sdp: await res.text() });
    this.#watch = setInterval(() => void this.#measure(attempt), 1000);
  }

  async #measure(attempt: number): Promise<void> {
    const report = await this.#pc?.getStats();
    if (!report || attempt !== this.#attempt) return;
    for (const s of report.values()) {
      if (s.type !== "outbound-rtp" || s.kind !== "video") continue;
      const bytes: number = s.bytesSent ?? 0;
      const kbps = this.#sent.at ? (8 * (bytes - this.#sent.bytes)) / (s.timestamp - this.#sent.at) : 0;
      this.#sent = { bytes, at: s.timestamp };
      this.#onFigures({
        width: s.frameWidth ?? 0,
        height: s.frameHeight ?? 0,
        fps: s.framesPerSecond ?? 0,
        kbps,
      });
    }
  }

  #again(): void {
    this.#attempt++;
    this.#close();
    this.#onState({ kind: "retrying" });
    this.#timer = setTimeout(() => this.#try(), backoff(this.#failures++, Math.random()));
  }

  #close(): void {
    clearInterval(this.#watch);
    this.#sent = { bytes: 0, at: 0 };
    this.#pc?.close();
    this.#pc = undefined;
    if (this.#session) end(this.#session);
    this.#session = "";
  }
}

/** What a refused getUserMedia means. */
export function troubleOf(err: unknown): Trouble {
  const name = err instanceof DOMException ? err.name : "";
  switch (name) {
    case "NotAllowedError":
      return "denied";
    case "NotFoundError":
    case "OverconstrainedError":
      return "missing";
    case "NotReadableError":
    case "AbortError":
      return "busy";
    case "SecurityError":
      return "insecure";
    default:
      return "other";
  }
}

function preferH264(t: RTCRtpTransceiver): void {
  const all = RTCRtpSender.getCapabilities("video")?.codecs ?? [];
  const rank = (mime: string) => (/h264/i.test(mime) ? 0 : /vp8/i.test(mime) ? 1 : 2);
  const wanted = all
    .filter((c) => /h264|vp8|rtx/i.test(c.mimeType))
    .sort((a, b) => rank(a.mimeType) - rank(b.mimeType));
  if (wanted.length) t.setCodecPreferences(wanted);
}

/** Waits until this side's addresses are known, but no longer than `ms`. */
function gathered(pc: RTCPeerConnection, ms: number): Promise<void> {
  return new Promise((done) => {
    if (pc.iceGatheringState === "complete") return done();
    const timer = setTimeout(done, ms);
    pc.addEventListener("icegatheringstatechange", () => {
      if (pc.iceGatheringState !== "complete") return;
      clearTimeout(timer);
      done();
    });
  });
}
