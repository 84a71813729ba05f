import { useQuery } from "@tanstack/react-query";
import { problemOf, RequestError } from "../api/client";
import type { Role } from "../session/session";

/** An account as the way to a live zone counts it. */
export interface Account {
  id: string;
  name: string;
  roles: readonly Role[];
  active: boolean;
}

/** Every account; undefined where this installation keeps none. */
export function useAccounts() {
  return useQuery({
    queryKey: ["get", "/v1/users", "counted"],
    queryFn: async ({ signal }): Promise<Account[]> => {
      const res = await fetch("/v1/users", { headers: { Accept: "application/json" }, signal });
      if (!res.ok) throw await problemOf(res);
      return accountsOf(await res.json());
    },
    retry: (n, err) => n < 1 && err instanceof RequestError && err.status >= 500,
  });
}

/** The accounts in an answer of /v1/users. */
export function accountsOf(body: unknown): Account[] {
  const list = (body as { users?: unknown })?.users;
  if (!Array.isArray(list)) return [];
  return list.map((u: Record<string, unknown>) => ({
    id: String(u.id ?? ""),
    name: String(u.name ?? u.id ?? ""),
    roles: Array.isArray(u.roles) ? (u.roles as Role[]) : [],
    active: u.state === undefined || u.state === "active",
  }));
}
