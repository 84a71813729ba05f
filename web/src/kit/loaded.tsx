import type { ReactNode } from "react";
import { Loading } from "../ui/parts";
import { Failure, Unread } from "./failure";

/** The part of a query that Loaded looks at; react-query's results fit. */
export interface Query<D> {
  data: D | undefined;
  error: unknown;
  isPending: boolean;
  refetch: () => unknown;
}

/**
 * Shows what a query found: grey bars while it loads, why it failed and a way
 * to try again, `empty` for an empty list, else what the children make of it.
 * `page` says that the children bring the page's heading: until then the bars
 * stand for one, and a failure has one.
 */
export function Loaded<D>(props: {
  query: Query<D>;
  rows?: number;
  page?: boolean;
  empty?: ReactNode;
  isEmpty?: (data: D) => boolean;
  children: (data: D) => ReactNode;
}) {
  const { query, page = false } = props;
  const again = () => void query.refetch();
  if (query.data === undefined) {
    if (query.error) return <Unread error={query.error} onRetry={again} page={page} />;
    return <Loading rows={props.rows ?? 3} page={page} />;
  }
  const nothing = props.isEmpty?.(query.data) ?? (Array.isArray(query.data) && query.data.length === 0);
  return (
    <>
      {query.error ? <Failure error={query.error} onRetry={again} old /> : null}
      {nothing && props.empty !== undefined ? props.empty : props.children(query.data)}
    </>
  );
}
