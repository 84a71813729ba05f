import { api } from "../api/client";
import type { Role } from "../session/session";

/** An account as the way to a live zone counts it. */
export interface Account {
  roles: readonly Role[];
  active: boolean;
}

/** Every account; undefined while they are read, and where they cannot be. */
export function useAccounts(): { data: Account[] | undefined } {
  const { data } = api.useQuery("get", "/v1/users");
  return {
    data: data?.users.map((u) => ({ roles: u.roles as Role[], active: u.state === "active" })),
  };
}
