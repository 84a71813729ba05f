import { type Hint, hint, measure, measured } from "./guidance";

/** Why there is no picture. */
export type CameraTrouble = "denied" | "none" | "busy" | "other";

const wanted: MediaStreamConstraints = {
  video: { facingMode: "user", width: { ideal: 1280 }, height: { ideal: 720 } },
  audio: false,
};

/**
 * A person's camera. It is asked for by open, and by nothing else; until take,
 * no picture leaves the element that shows it. stop ends the track, and with it
 * the light beside the lens.
 */
export class Camera {
  #stream: MediaStream | undefined;
  #stopped = false;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Asks for the camera and shows it. Fails with a CameraError. */
  async open(video: HTMLVideoElement, onHint: (h: Hint | undefined) => void): Promise<void> {
    let stream: MediaStream;
    try {
      stream = await navigator.mediaDevices.getUserMedia(wanted);
    } catch (err) {
      throw new CameraError(troubleOf(err));
    }
    if (this.#stopped) {
      end(stream);
      return;
    }
    this.#stream = stream;
    video.srcObject = stream;
    await video.play();
    this.#watch(video, onHint);
  }

  /** Measures the preview a few times a second; nothing of it is kept. */
  #watch(video: HTMLVideoElement, onHint: (h: Hint | undefined) => void): void {
    const canvas = document.createElement("canvas");
    canvas.width = measured.width;
    canvas.height = measured.height;
    const ctx = canvas.getContext("2d", { willReadFrequently: true });
    let before: Uint8Array | undefined;
    this.#timer = setInterval(() => {
      if (!ctx || video.readyState < 2) return;
      ctx.drawImage(video, 0, 0, measured.width, measured.height);
      const m = measure(ctx.getImageData(0, 0, measured.width, measured.height).data, before);
      before = m.grey;
      onHint(hint(m));
    }, 250);
  }

  /** Draws the picture of this moment onto a canvas of its own size. */
  take(video: HTMLVideoElement, canvas: HTMLCanvasElement): void {
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    canvas.getContext("2d")?.drawImage(video, 0, 0);
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
    if (this.#stream) end(this.#stream);
    this.#stream = undefined;
  }
}

function end(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

export class CameraError extends Error {
  readonly trouble: CameraTrouble;
  constructor(trouble: CameraTrouble) {
    super(trouble);
    this.name = "CameraError";
    this.trouble = trouble;
  }
}

function troubleOf(err: unknown): CameraTrouble {
  const name = err instanceof DOMException ? err.name : "";
  switch (name) {
    case "NotAllowedError":
    case "SecurityError":
      return "denied";
    case "NotFoundError":
    case "OverconstrainedError":
      return "none";
    case "NotReadableError":
    case "AbortError":
      return "busy";
  }
  return "other";
}

/** Empties a canvas, so that the photograph is in no memory of the page's any more. */
export function wipe(canvas: HTMLCanvasElement | null): void {
  if (!canvas) return;
  canvas.getContext("2d")?.clearRect(0, 0, canvas.width, canvas.height);
  canvas.width = 0;
  canvas.height = 0;
}

/** The canvas as a JPEG, as it is handed in. */
export function jpeg(canvas: HTMLCanvasElement): Promise<Blob> {
  return new Promise((done, fail) => {
    canvas.toBlob((b) => (b ? done(b) : fail(new Error("no picture"))), "image/jpeg", 0.95);
  });
}
