import { useWords } from "../i18n/i18n";
import { useNow } from "../ui/parts";

/** A moment as date and time, with how long ago it was beside it when asked for. */
export function Moment({ at, ago = false }: { at: string | undefined; ago?: boolean }) {
  const w = useWords();
  if (!at) return <>–</>;
  return (
    <time dateTime={at} className="moment">
      {w.moment(at)}
      {ago ? <small>{w.ago(at)}</small> : null}
    </time>
  );
}

/**
 * A deadline: the day, and how long is left. `soon` is the number of days from
 * which on it is pressing; `done` stops the clock.
 */
export function Due({
  at,
  soon = 7,
  done = false,
}: {
  at: string | undefined;
  soon?: number;
  done?: boolean;
}) {
  const w = useWords();
  const now = useNow();
  if (!at) return <>–</>;
  const left = Date.parse(at) - now;
  const tone = done ? "quiet" : left < 0 ? "bad" : left < soon * 86_400_000 ? "warn" : "quiet";
  return (
    <time dateTime={at} className="moment">
      {w.moment(at)}
      {done ? null : <small className={`due ${tone}`}>{w.until(at, now)}</small>}
    </time>
  );
}
