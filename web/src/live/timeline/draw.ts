import type { Recording } from "../../api/client";
import type { Row } from "./marks";
import type { Span, Tick } from "./scale";

export const rulerHeight = 26;
export const rowHeight = 38;

/** Everything that one drawing of the timeline shows. */
export interface Scene {
  span: Span;
  rows: readonly Row[];
  recordings: readonly Recording[];
  cursor: { camera: string; at: number } | undefined;
  range: Partial<Span>;
  ticks: readonly Tick[];
  label: (t: Tick) => string;
}

/** The theme's colours. A custom property does not tell what it comes to, so a real one is asked. */
export function palette(of: HTMLElement) {
  const style = getComputedStyle(of);
  const get = (name: string) => {
    of.style.color = `var(${name})`;
    return style.color;
  };
  const found = {
    text: get("--text"),
    muted: get("--muted"),
    line: get("--line"),
    row: get("--raised"),
    accent: get("--accent"),
    ground: get("--accent-ground"),
    warn: get("--warn"),
    bad: get("--bad"),
    font: style.fontFamily,
  };
  of.style.color = "";
  return found;
}
export type Palette = ReturnType<typeof palette>;

/** Draws the timeline; sizes are in CSS pixels. */
export function draw(g: CanvasRenderingContext2D, width: number, scene: Scene, p: Palette): void {
  const height = rulerHeight + scene.rows.length * rowHeight;
  const x = (at: number) => ((at - scene.span.from) / (scene.span.to - scene.span.from)) * width;
  g.clearRect(0, 0, width, height);
  drawRuler(g, height, x, scene, p);
  scene.rows.forEach((row, i) => {
    drawRow(g, width, rulerHeight + i * rowHeight, x, row, scene, p);
  });
  drawRange(g, width, height, x, scene.range, p);
  if (!scene.cursor) return;
  const at = Math.round(x(scene.cursor.at)) + 0.5;
  g.fillStyle = p.text;
  g.fillRect(at - 1, 18, 2, height - 18);
  const i = scene.rows.findIndex((r) => r.camera === scene.cursor?.camera);
  if (i >= 0) {
    g.strokeStyle = p.accent;
    g.lineWidth = 1.5;
    g.strokeRect(0.75, rulerHeight + i * rowHeight + 2.75, width - 1.5, rowHeight - 5.5);
  }
}

function drawRuler(
  g: CanvasRenderingContext2D,
  height: number,
  x: (at: number) => number,
  scene: Scene,
  p: Palette,
): void {
  g.font = `12px ${p.font}`;
  g.textBaseline = "middle";
  for (const t of scene.ticks) {
    const at = Math.round(x(t.at)) + 0.5;
    g.fillStyle = p.line;
    g.fillRect(at, rulerHeight - 6, 1, height);
    g.fillStyle = t.unit === "day" ? p.text : p.muted;
    g.fillText(scene.label(t), at + 4, 11);
  }
}

function drawRow(
  g: CanvasRenderingContext2D,
  width: number,
  top: number,
  x: (at: number) => number,
  row: Row,
  scene: Scene,
  p: Palette,
): void {
  g.fillStyle = p.row;
  g.fillRect(0, top + 3, width, rowHeight - 6);
  const bar = (from: number, to: number, y: number, h: number) => {
    const a = Math.max(0, x(from));
    g.fillRect(a, y, Math.max(1, Math.min(width, x(to)) - a), h);
  };
  for (const r of scene.recordings) {
    if (r.camera !== row.camera) continue;
    g.fillStyle = p.ground;
    bar(Date.parse(r.from), Date.parse(r.to), top + 10, rowHeight - 20);
    g.fillStyle = p.accent;
    bar(Date.parse(r.from), Date.parse(r.to), top + rowHeight - 12, 2);
  }
  for (const t of row.troubles) {
    // Not by colour alone: a lost camera lies low, a mask lies high.
    g.fillStyle = t.kind === "lost" ? p.bad : p.warn;
    bar(t.from, t.to, t.kind === "lost" ? top + rowHeight - 8 : top + 4, 4);
  }
  for (const m of row.marks) {
    if (m.at < scene.span.from || m.at > scene.span.to || m.tone === "quiet") continue;
    const at = x(m.at);
    const y = top + rowHeight / 2;
    g.fillStyle =
      m.tone === "person" ? p.accent : m.tone === "bad" ? p.bad : m.tone === "warn" ? p.warn : p.text;
    g.beginPath();
    if (m.tone === "person") g.arc(at, y, 4, 0, 7);
    else if (m.tone === "note") g.rect(at - 4, y - 4, 8, 8);
    else {
      g.moveTo(at, y - 5);
      g.lineTo(at + 5, y + 4);
      g.lineTo(at - 5, y + 4);
    }
    g.fill();
  }
}

function drawRange(
  g: CanvasRenderingContext2D,
  width: number,
  height: number,
  x: (at: number) => number,
  range: Partial<Span>,
  p: Palette,
): void {
  const from = range.from === undefined ? undefined : x(range.from);
  const to = range.to === undefined ? undefined : x(range.to);
  if (from === undefined && to === undefined) return;
  g.fillStyle = p.accent;
  if (from !== undefined && to !== undefined) {
    g.globalAlpha = 0.16;
    g.fillRect(Math.max(0, from), rulerHeight, Math.min(width, to) - Math.max(0, from), height);
    g.globalAlpha = 1;
  }
  for (const at of [from, to]) if (at !== undefined) g.fillRect(at - 1.5, rulerHeight - 6, 3, height);
}
