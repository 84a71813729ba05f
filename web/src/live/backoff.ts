const first = 400;
const longest = 8000;

/**
 * Milliseconds to wait before the next attempt, after `failures` failed ones in
 * a row. `random` in [0, 1) spreads viewers that lost the same server.
 */
export function backoff(failures: number, random: number): number {
  const full = Math.min(longest, first * 2 ** Math.min(failures, 10));
  return Math.round(full * (0.5 + 0.5 * random));
}
