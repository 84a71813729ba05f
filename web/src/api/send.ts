// Two refusals are not the end. A session's token is replaced now and then: a
// request that crossed the change is sent once more, with the new cookie. And
// what takes data away wants a second factor given lately: the page asks for it,
// then goes on. Neither was carried out the first time.

/** Asks for the second factor; tells whether it was given. */
export type AskFactor = () => Promise<boolean>;

let ask: AskFactor | undefined;

/** Says who asks for a second factor; undefined lets such refusals through. */
export function askFactorBy(f: AskFactor | undefined): void {
  ask = f;
}

/** fetch, and once more after a refusal that could be mended. */
export async function send(request: Request): Promise<Response> {
  const again = request.clone();
  const last = request.clone();
  let res = await fetch(request);
  if (res.status === 401 && (await codeOf(res)) === "SESSION_ROTATED") res = await fetch(again);
  if (res.status === 403 && ask && (await codeOf(res)) === "STEP_UP" && (await ask()))
    res = await fetch(last);
  return res;
}

/** A refusal's stable code; the answer can still be read. */
async function codeOf(res: Response): Promise<string> {
  try {
    const body: unknown = await res.clone().json();
    return typeof body === "object" && body !== null && "code" in body ? String(body.code) : "";
  } catch {
    return ""; // no problem of ours
  }
}
