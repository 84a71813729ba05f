// The typed client: paths, parameters and answers come from the server's own
// description (schema.d.ts), so that a change there fails to compile here.
import type { components, paths } from "./schema";

type Schemas = components["schemas"];
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

/** A failed request. `requestID` names it in the server's log. */
export class RequestError extends Error {
  readonly status: number;
  readonly requestID: string;
  constructor(status: number, detail: string, requestID: string) {
    super(detail);
    this.name = "RequestError";
    this.status = status;
    this.requestID = requestID;
  }
}

/** Reads one of the interface's addresses. Fails with RequestError; status 0 means no answer. */
export async function read<P extends ReadPath>(
  path: P,
  query?: Query<P>,
  signal?: AbortSignal,
): Promise<Answer<P>> {
  let res: Response;
  try {
    res = await fetch(`${path}${queryString(query ?? {})}`, {
      headers: { Accept: "application/json" },
      ...(signal ? { signal } : {}),
    });
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
  let detail = "";
  try {
    const body: unknown = await res.json();
    if (body && typeof body === "object" && "detail" in body) detail = String(body.detail);
  } catch {
    // Not JSON: the status must do.
  }
  return new RequestError(res.status, detail, id);
}
