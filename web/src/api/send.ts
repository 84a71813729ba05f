// A session's token is replaced now and then. A request that crossed the change
// was not carried out and says so: it is sent once more, with the new cookie.

/** fetch, and once more where the session's token was just replaced. */
export async function send(request: Request): Promise<Response> {
  const again = request.clone();
  const res = await fetch(request);
  if (res.status !== 401) return res;
  return (await rotated(res.clone())) ? fetch(again) : res;
}

async function rotated(res: Response): Promise<boolean> {
  try {
    const body: unknown = await res.json();
    return typeof body === "object" && body !== null && "code" in body && body.code === "SESSION_ROTATED";
  } catch {
    return false; // no problem of ours
  }
}
