/** A stretch of time in milliseconds since 1970; `to` lies after `from`. */
export interface Span {
  from: number;
  to: number;
}

const shortest = 10_000; // ms: nothing is gained by looking closer
const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const steps = [
  second,
  5 * second,
  15 * second,
  30 * second,
  minute,
  5 * minute,
  15 * minute,
  30 * minute,
  hour,
  3 * hour,
  6 * hour,
  12 * hour,
  day,
  2 * day,
  7 * day,
];

/** The span moved, and cut, to lie within the bounds. */
export function within(s: Span, bounds: Span): Span {
  const length = Math.min(Math.max(s.to - s.from, shortest), Math.max(shortest, bounds.to - bounds.from));
  const from = Math.max(bounds.from, Math.min(s.from, bounds.to - length));
  return { from, to: from + length };
}

/** The span `factor` times as long, with the instant `at` staying where it is on the screen. */
export function zoomed(s: Span, factor: number, at: number, bounds: Span): Span {
  const length = Math.max(shortest, Math.min((s.to - s.from) * factor, bounds.to - bounds.from));
  const share = (at - s.from) / (s.to - s.from);
  const from = at - share * length;
  return within({ from, to: from + length }, bounds);
}

/** The span moved by a share of its own length. */
export function panned(s: Span, share: number, bounds: Span): Span {
  const by = (s.to - s.from) * share;
  return within({ from: s.from + by, to: s.to + by }, bounds);
}

/** The span moved as little as needed to show an instant, with some room around it. */
export function showing(s: Span, at: number, bounds: Span): Span {
  const room = (s.to - s.from) * 0.08;
  if (at < s.from + room) return within({ from: at - room, to: at - room + s.to - s.from }, bounds);
  if (at > s.to - room) return within({ from: at + room - (s.to - s.from), to: at + room }, bounds);
  return s;
}

export interface Tick {
  at: number;
  /** What the label has to tell: seconds, minutes or the day. */
  unit: "second" | "minute" | "day";
}

/**
 * Round times at which to write labels, at most `most` of them. They are round
 * in the reader's time zone: `offset` gives its minutes behind UTC at a time.
 */
export function ticks(
  s: Span,
  most: number,
  offset = (at: number) => new Date(at).getTimezoneOffset(),
): Tick[] {
  const wanted = (s.to - s.from) / Math.max(1, most);
  const step = steps.find((n) => n >= wanted) ?? Math.ceil(wanted / day) * day;
  const behind = offset(s.from) * minute;
  const out: Tick[] = [];
  for (let at = Math.ceil((s.from - behind) / step) * step + behind; at <= s.to; at += step) {
    const midnight = (at - behind) % day === 0;
    out.push({ at, unit: midnight ? "day" : step < minute ? "second" : "minute" });
  }
  return out;
}

/**
 * The stretch to ask the server for: the span in steps of a power of two of
 * minutes, so that moving and zooming a little asks nothing anew.
 */
export function chunk(s: Span): Span {
  const size = minute * 2 ** Math.ceil(Math.log2(Math.max(1, (s.to - s.from) / minute)));
  return { from: Math.floor(s.from / size) * size, to: Math.ceil(s.to / size) * size };
}
