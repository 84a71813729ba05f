// Follows a verification that the server runs: one JSON object a line.
import { csrfHeader, problemOf, RequestError, type Schemas } from "../api/client";

export type VerifyLine = Schemas["AuditorVerifyLine"];
export type Report = NonNullable<VerifyLine["report"]>;

/** What is to be verified; 0 for the chain's first and last number. */
export interface Range {
  chain: string;
  from: number;
  to: number;
  purpose: string;
}

/**
 * Runs a verification and tells each line as it comes. Fails with RequestError;
 * ends early when the signal does.
 */
export async function verifyRange(
  range: Range,
  tell: (line: VerifyLine) => void,
  signal: AbortSignal,
): Promise<void> {
  let res: Response;
  try {
    res = await fetch("/v1/audit/verifications", {
      method: "POST",
      headers: { "Content-Type": "application/json", ...csrfHeader() },
      body: JSON.stringify({
        chain: range.chain,
        purpose: range.purpose,
        ...(range.from > 0 ? { from: range.from } : {}),
        ...(range.to > 0 ? { to: range.to } : {}),
      }),
      signal,
    });
  } catch (err) {
    if (signal.aborted) throw err;
    throw new RequestError(0, "", "");
  }
  if (!res.ok || !res.body) throw await problemOf(res);
  const reader = res.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let ended = false;
  for (;;) {
    const { value, done } = await reader.read();
    rest += value ?? "";
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const parsed = JSON.parse(line) as VerifyLine;
      if (parsed.type === "failed")
        throw new RequestError(503, parsed.detail ?? "", res.headers.get("X-Request-Id") ?? "", parsed.code);
      ended = parsed.type === "report";
      tell(parsed);
    }
    if (done) break;
  }
  if (!ended) throw new RequestError(0, "", "");
}

/** Numbers of a report's findings by what they are, as auditors count them. */
export function tally(r: Report): { doubles: number; missing: number; broken: number; gaps: number } {
  const out = { doubles: 0, missing: 0, broken: 0, gaps: (r.gaps ?? []).length };
  for (const f of r.findings ?? []) {
    const n = (f.to ?? f.seq) - f.seq + 1;
    if (f.code === "DOUBLED") out.doubles += n;
    else if (f.code === "DROPPED" || f.code === "TRUNCATED" || f.code === "UNEXPLAINED") out.missing += n;
    else out.broken += n;
  }
  return out;
}
