import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import { client, type paths } from "./client";

/** The lists that come in pages of `items` and `next`. */
type Paged = {
  [P in keyof paths]: paths[P] extends {
    get: { responses: { 200: { content: { "application/json": { items: unknown[]; next?: string } } } } };
  }
    ? P
    : never;
}[keyof paths];
export type ItemOf<P extends Paged> = paths[P] extends {
  get: { responses: { 200: { content: { "application/json": { items: (infer I)[] } } } } };
}
  ? I
  : never;

type Get = (
  path: string,
  init: { params: { query: { limit: number; after?: string } }; signal: AbortSignal },
) => Promise<{ data?: { items: unknown[]; next?: string } }>;

/** Every item of a list that the server gives in pages. */
export function useAll<P extends Paged>(path: P, enabled = true) {
  return useQuery({
    queryKey: ["get", path, "all"],
    enabled,
    queryFn: async ({ signal }) => {
      const items: ItemOf<P>[] = [];
      for (let after: string | undefined; ; ) {
        const query = after ? { limit: 200, after } : { limit: 200 };
        const { data } = await (client.GET as unknown as Get)(path, { params: { query }, signal });
        items.push(...((data?.items ?? []) as ItemOf<P>[]));
        after = data?.next;
        if (!after) return items;
      }
    },
  });
}

/** Has everything that was read from these addresses read again. */
export function useRenew(): (...addresses: (keyof paths)[]) => Promise<void> {
  const queries = useQueryClient();
  return useCallback(
    async (...addresses) => {
      await Promise.all(addresses.map((a) => queries.invalidateQueries({ queryKey: ["get", a] })));
    },
    [queries],
  );
}
