// What can be told of a picture before anybody takes it, so that few attempts
// are wasted: light, and whether it is held still. Where a face is, and whether
// it is alive, only the server tells, of the one picture that is handed in.

/** What to change before a picture is taken; undefined when nothing is. */
export type Hint = "dark" | "bright" | "flat" | "still" | "blurred";

/** The size at which previews are measured. */
export const measured = { width: 160, height: 120 } as const;

export interface Measure {
  /** Mean brightness of the middle, 0 to 255. */
  light: number;
  /** Standard deviation of brightness: how much there is to see. */
  contrast: number;
  /** Mean square of the second derivative: how sharp edges are. */
  sharp: number;
  /** Mean change against the picture before; undefined for the first. */
  change: number | undefined;
  grey: Uint8Array;
}

/** Measures the middle of a picture of `measured` size, where the frame is. */
export function measure(rgba: Uint8ClampedArray, before?: Uint8Array): Measure {
  const { width, height } = measured;
  const grey = new Uint8Array(width * height);
  for (let i = 0; i < grey.length; i++) {
    const p = i * 4;
    grey[i] = ((rgba[p] ?? 0) * 77 + (rgba[p + 1] ?? 0) * 150 + (rgba[p + 2] ?? 0) * 29) >> 8;
  }
  let n = 0;
  let sum = 0;
  let squares = 0;
  let edges = 0;
  let change = 0;
  for (let y = height / 8; y < (height * 7) / 8; y++) {
    for (let x = width / 4; x < (width * 3) / 4; x++) {
      const i = y * width + x;
      const v = grey[i] ?? 0;
      const edge = 4 * v - at(grey, i - 1) - at(grey, i + 1) - at(grey, i - width) - at(grey, i + width);
      n++;
      sum += v;
      squares += v * v;
      edges += edge * edge;
      if (before) change += Math.abs(v - at(before, i));
    }
  }
  const light = sum / n;
  return {
    light,
    contrast: Math.sqrt(Math.max(0, squares / n - light * light)),
    sharp: edges / n,
    change: before ? change / n : undefined,
    grey,
  };
}

function at(grey: Uint8Array, i: number): number {
  return grey[i] ?? 0;
}

/** The one hint that matters most. */
export function hint(m: Measure): Hint | undefined {
  if (m.light < 45) return "dark";
  if (m.light > 225) return "bright";
  if (m.contrast < 12) return "flat";
  if (m.change !== undefined && m.change > 14) return "still";
  if (m.sharp < 12) return "blurred";
  return undefined;
}
