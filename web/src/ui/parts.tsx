import { type ReactNode, useEffect, useState, useSyncExternalStore } from "react";
import type { RequestError } from "../api/client";
import { useWords, type Words } from "../i18n/i18n";
import type { House, HouseState } from "../live/house";
import { Icon, type IconName } from "./icons";

export function useHouse(house: House): HouseState {
  return useSyncExternalStore(house.subscribe, house.snapshot);
}

/** The time now, each second: for "since" and "next attempt in". */
export function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

/** What a view shows when there is nothing to show yet. */
export function Empty({ icon, title, children }: { icon: IconName; title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <Icon name={icon} size={28} />
      <p className="empty-title">{title}</p>
      {children ? <div className="empty-text">{children}</div> : null}
    </div>
  );
}

/** An error in words, with the way out and the request's name. */
export function ErrorNote({ error, onRetry }: { error: RequestError; onRetry?: () => void }) {
  const w = useWords();
  return (
    <div className="note bad" role="alert">
      <Icon name="warn" />
      <div>
        <strong>{w.t("error.title")}</strong> {errorText(w, error)}
        {error.requestID ? <span className="id">{w.t("error.id", { id: error.requestID })}</span> : null}
      </div>
      {onRetry ? (
        <button type="button" className="small" onClick={onRetry}>
          {w.t("error.retry")}
        </button>
      ) : null}
    </div>
  );
}

export function errorText(w: Words, error: RequestError): string {
  if (error.status === 0) return w.t("error.none");
  if (error.status === 503) return w.t("error.busy");
  return w.t("error.other", { status: String(error.status) });
}

/** Grey bars in the shape of what is being loaded. */
export function Loading({ rows = 3 }: { rows?: number }) {
  const w = useWords();
  return (
    <div className="loading" role="status">
      <span className="hidden">{w.t("loading")}</span>
      {Array.from({ length: rows }, (_, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the bars are all alike and never move
        <span key={i} className="bar" />
      ))}
    </div>
  );
}
