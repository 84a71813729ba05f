import { type ReactNode, useEffect, useState, useSyncExternalStore } from "react";
import type { RequestError } from "../api/client";
import { useWords } from "../i18n/i18n";
import { Failure } from "../kit/failure";
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

/** What a view shows when there is nothing to show yet; a `page` that is nothing else has it as its heading. */
export function Empty(props: { icon: IconName; title: string; page?: boolean; children?: ReactNode }) {
  const { icon, title, page = false, children } = props;
  return (
    <div className="empty">
      <Icon name={icon} size={28} />
      {page ? <h1>{title}</h1> : <p className="empty-title">{title}</p>}
      {children ? <div className="empty-text">{children}</div> : null}
    </div>
  );
}

/** A failed question of the wall or its neighbours, with the way out. */
export function ErrorNote({ error, onRetry }: { error: RequestError; onRetry?: () => void }) {
  return <Failure error={error} {...(onRetry ? { onRetry } : {})} />;
}

/** Grey bars in the shape of what is being loaded; `page` with those of its heading. */
export function Loading({ rows = 3, page = false }: { rows?: number; page?: boolean }) {
  const w = useWords();
  const bars = Array.from({ length: rows }, (_, i) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the bars are all alike and never move
    <span key={i} className="bar" />
  ));
  if (!page)
    return (
      <div className="loading" role="status">
        <span className="hidden">{w.t("loading")}</span>
        {bars}
      </div>
    );
  return (
    <div className="loading page" role="status">
      <span className="hidden">{w.t("loading")}</span>
      <span className="bar title" />
      <span className="bar lead" />
      <div className="panel">{bars}</div>
    </div>
  );
}
