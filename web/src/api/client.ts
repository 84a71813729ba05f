// The typed client: paths, parameters and answers come from the server's own
// description (schema.d.ts), so that a change there fails to compile here.
import createClient, { type Middleware } from "openapi-fetch";
import createHooks from "openapi-react-query";
import type { components, paths } from "./schema";
import { send } from "./send";

export type { components, paths };
export type Schemas = components["schemas"];
export type Camera = Schemas["Camera"];
export type Status = Schemas["Status"];
export type HouseEvent = Schemas["Event"];
export type EventPage = Schemas["EventPage"];
export type Recording = Schemas["Recording"];
export type Notice = Schemas["Notice"];
export type StreamReset = Schemas["StreamReset"];

type ReadPath = {
  [P in keyof paths]: paths[P] extends {
    get: { responses: { 200: { content: { "application/json": unknown } } } };
  }
    ? P
    : never;
}[keyof paths];
type Answer<P extends ReadPath> = paths[P] extends {
  get: { responses: { 200: { content: { "application/json": infer A } } } };
}
  ? A
  : never;
type Query<P extends ReadPath> = paths[P] extends { get: { parameters: { query?: infer Q } } } ? Q : never;

/** One condition that is not met: a stable code, what it is about, and words. */
export interface Reason {
  code: string;
  object: string;
  text: string;
}

/**
 * A failed request. `status` 0 means that no answer came; `code` and `reasons`
 * are the server's own, `requestID` names the request in its log.
 */
export class RequestError extends Error {
  readonly status: number;
  readonly requestID: string;
  readonly code: string;
  readonly reasons: readonly Reason[];
  constructor(status: number, detail: string, requestID: string, code = "", reasons: readonly Reason[] = []) {
    super(detail);
    this.name = "RequestError";
    this.status = status;
    this.requestID = requestID;
    this.code = code;
    this.reasons = reasons;
  }
}

let csrf = "";

/** Keeps the token that shows that a request comes from our own page. */
export function setCSRF(token: string): void {
  csrf = token;
}

/** The header that every request which changes something carries. */
export function csrfHeader(): Record<string, string> {
  return csrf ? { "X-Bystander-CSRF": csrf } : {};
}

const ours: Middleware = {
  onRequest({ request }) {
    if (csrf && request.method !== "GET" && request.method !== "HEAD")
      request.headers.set("X-Bystander-CSRF", csrf);
    return request;
  },
  async onResponse({ response }) {
    if (!response.ok) throw await problemOf(response);
  },
  onError({ error, request }) {
    if (request.signal.aborted || error instanceof RequestError) return undefined;
    return new RequestError(0, "", "");
  },
};

/** Every address of the interface, typed. A failure throws RequestError. */
export const client = createClient<paths>({ baseUrl: "", fetch: send });
client.use(ours);

/** The same as hooks: `api.useQuery("get", "/v1/zones")`, `api.useMutation("post", …)`. */
export const api = createHooks(client);

/** Reads one of the interface's addresses. Fails with RequestError; status 0 means no answer. */
export async function read<P extends ReadPath>(
  path: P,
  query?: Query<P>,
  signal?: AbortSignal,
): Promise<Answer<P>> {
  let res: Response;
  try {
    res = await send(
      new Request(`${path}${queryString(query ?? {})}`, {
        headers: { Accept: "application/json" },
        ...(signal ? { signal } : {}),
      }),
    );
  } catch (err) {
    if (signal?.aborted) throw err;
    throw new RequestError(0, "", "");
  }
  if (!res.ok) throw await problemOf(res);
  return (await res.json()) as Answer<P>;
}

/** The query in a fixed order; undefined and empty values are left out. */
export function queryString(query: object): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (value !== undefined && value !== null && value !== "") params.set(key, String(value));
  }
  const text = params.toString();
  return text ? `?${text}` : "";
}

/** What a failed answer says, whatever its form. */
export async function problemOf(res: Response): Promise<RequestError> {
  const id = res.headers.get("X-Request-Id") ?? "";
  try {
    const body: unknown = await res.json();
    if (body && typeof body === "object") {
      const b = body as Record<string, unknown>;
      return new RequestError(res.status, text(b.detail), id, text(b.code), [
        ...reasons(b.reasons),
        ...faults(b.errors),
      ]);
    }
  } catch {
    // Not JSON: the status must do.
  }
  return new RequestError(res.status, "", id);
}

function reasons(list: unknown): Reason[] {
  return objects(list).map((r) => ({ code: text(r.code), object: text(r.object), text: text(r.text) }));
}

/** What the server found wrong with fields of the request. */
function faults(list: unknown): Reason[] {
  return objects(list).map((e) => ({ code: "FIELD", object: text(e.location), text: text(e.message) }));
}

function objects(list: unknown): Record<string, unknown>[] {
  return Array.isArray(list)
    ? list.filter((x): x is Record<string, unknown> => typeof x === "object" && x !== null)
    : [];
}

function text(v: unknown): string {
  return typeof v === "string" ? v : "";
}
