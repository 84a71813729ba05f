import { useQuery } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useMemo } from "react";
import { RequestError, setCSRF } from "../api/client";
import { send } from "../api/send";

export type Role =
  | "operator"
  | "venue_owner"
  | "inspector"
  | "auditor"
  | "consent_officer"
  | "privacy_officer"
  | "administrator"
  | "kiosk"
  | "subject"
  | "client";

/** Who is signed in, as the server says. */
export interface Session {
  known: boolean;
  id: string;
  name: string;
  roles: readonly Role[];
  via: string; // session, token, local
  csrf: string;
  demo: boolean; // a sample installation: visitors may take any role
  enrollee: string; // the person that a subject acts for
}

const nobody: Session = {
  known: false,
  id: "",
  name: "",
  roles: [],
  via: "",
  csrf: "",
  demo: false,
  enrollee: "",
};

interface SessionState {
  session: Session;
  loaded: boolean;
  error: unknown;
  reload: () => Promise<unknown>;
}

const SessionContext = createContext<SessionState>({
  session: nobody,
  loaded: false,
  error: undefined,
  reload: async () => {},
});

export const useSession = (): SessionState => useContext(SessionContext);

/** Whether the session holds one of the roles. */
export function holds(session: Session, roles: readonly Role[]): boolean {
  return roles.some((r) => session.roles.includes(r));
}

/** Asks who is signed in, and again when the page comes back to the front. */
export function SessionProvider({ children }: { children: ReactNode }) {
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ["session"],
    queryFn: ({ signal }) => readSession(signal),
    refetchInterval: 60_000,
    refetchOnWindowFocus: true,
    staleTime: 10_000,
  });
  useEffect(() => setCSRF(data?.csrf ?? ""), [data?.csrf]);
  const value = useMemo<SessionState>(
    () => ({ session: data ?? nobody, loaded: !isPending, error, reload: () => refetch() }),
    [data, isPending, error, refetch],
  );
  return <SessionContext value={value}>{children}</SessionContext>;
}

async function readSession(signal: AbortSignal): Promise<Session> {
  let res: Response;
  try {
    res = await send(new Request("/v1/session", { headers: { Accept: "application/json" }, signal }));
  } catch (err) {
    if (signal.aborted) throw err;
    throw new RequestError(0, "", "");
  }
  if (!res.ok) throw new RequestError(res.status, "", res.headers.get("X-Request-Id") ?? "");
  const s = { ...nobody, ...((await res.json()) as Partial<Session>) };
  setCSRF(s.csrf); // before anything is rendered that could send
  return s;
}
