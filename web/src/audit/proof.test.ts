import { describe, expect, it, vi } from "vitest";
import { canonical, canonicalFields, parseRow, RowError, rowHash, toHex } from "./canonical";
import { NoEd25519, verifyEd25519 } from "./note";
import { checkContinued, checkEvent, type Inclusion, spanOf, verdict } from "./proof";
import vectors from "./testdata/vectors.json";

// Made by this project's own Go code (api/auditor/webvectors_test.go), which holds
// the same file against its own verification.
const [first, full] = vectors.events as unknown as [Sample, Sample];
interface Sample {
  name: string;
  row: string;
  proof: Inclusion;
}
const check = (row: string, proof: Inclusion, key = vectors.key, vkey = vectors.vkey) =>
  checkEvent(row, key, proof, vkey);

/** The first step that failed, with its code. */
async function fault(row: string, proof: Inclusion, key?: string, vkey?: string): Promise<string> {
  const steps = await check(row, proof, key, vkey);
  expect(verdict(steps)).toBe("failed");
  const bad = steps.find((s) => s.state === "failed");
  return `${bad?.name} ${bad?.code}`;
}

/** Flips one bit of a Base64 text. */
function flip(text: string, at = 0): string {
  const b = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  b[at] = (b[at] as number) ^ 1;
  return btoa(String.fromCharCode(...b));
}

describe("the canonical form", () => {
  it("has the fields that the server's has", () => {
    const theirs = vectors.fields
      .map((f) => [f.name, f.mark])
      .toSorted(([a], [b]) => ((a ?? "") < (b ?? "") ? -1 : 1));
    expect(canonicalFields).toEqual(theirs);
  });

  it.each(vectors.events.map((e) => [e.name, e.row]))("of %s gives its hash", async (_, row) => {
    const parsed = parseRow(row);
    expect(toHex(await rowHash(parsed))).toBe(parsed.row_hash);
  });

  it("keeps numbers beyond 2^53", () => {
    expect(parseRow(full.row).policy_version).toBe("9223372036854788153");
    expect(() => canonical({ ...parseRow(first.row), seq: 2 ** 60 })).toThrow(RowError);
  });

  it.each([
    ["[]", "no object"],
    ["{", "no JSON"],
    ['{"name":"Anna"}', "unknown field name"],
    ['{"seq":-1}', "seq"],
    ['{"seq":"x"}', "seq"],
    ['{"score":"x"}', "score"],
    ['{"row_hash":"","prev_hash":"zz"}', "prev_hash"],
    ['{"salt":"***"}', "Base64"],
    ['{"detail":["x"]}', "detail"],
    ['{"ts":"yesterday"}', "ts"],
  ])("refuses %s", (row, says) => {
    expect(() => canonical(parseRow(row))).toThrow(says);
  });
});

describe("a proof", () => {
  it.each(vectors.events.map((e) => [e.name, e as Sample] as const))("of %s holds", async (_, e) => {
    const steps = await check(e.row, e.proof);
    expect(steps.map((s) => `${s.name} ${s.state} ${s.code ?? ""}`)).toEqual([
      "row held ",
      "edge held ",
      "leaf held ",
      "path held ",
      "checkpoint held ",
    ]);
    expect(verdict(steps)).toBe("held");
  });

  it("fails for a row whose content was changed", async () => {
    expect(await fault(full.row.replace('"unmask"', '"match"'), full.proof)).toBe("row ROW_ALTERED");
    expect(await fault(full.row.replace('"gallery_size":12', '"gallery_size":13'), full.proof)).toBe(
      "row ROW_ALTERED",
    );
  });

  it("fails for a row that was changed and hashed anew", async () => {
    const row = { ...(JSON.parse(first.row) as Record<string, unknown>), kind: "use_end" };
    const hash = toHex(await rowHash(parseRow(JSON.stringify(row))));
    const forged = JSON.stringify({ ...row, row_hash: hash });
    const steps = await check(forged, { ...first.proof, row_hash: hash });
    expect(steps.map((s) => s.state)).toEqual(["held", "failed", "failed", "held", "held"]);
  });

  it("fails for another event's leaf, path and place", async () => {
    expect(await fault(first.row, full.proof)).toBe("leaf OTHER_LEAF");
    const [a, ...rest] = full.proof.hashes as [string, ...string[]];
    for (const proof of [
      { ...full.proof, hashes: [flip(a), ...rest] },
      { ...full.proof, hashes: rest },
      { ...full.proof, hashes: [a, a, ...rest] },
      { ...full.proof, index: full.proof.index + 1 },
      { ...full.proof, size: full.proof.size + 1 },
      { ...full.proof, index: 1e9 },
    ])
      expect(await fault(full.row, proof)).toBe("path OTHER_ROOT");
  });

  it("fails for a checkpoint that the log did not sign", async () => {
    const text = full.proof.checkpoint;
    const line = text.split("\n").at(-2) as string;
    const forged = text.replace(
      line,
      line.replace(/\S+$/, (s) => flip(s, 20)),
    );
    expect(await fault(full.row, { ...full.proof, checkpoint: forged })).toBe(
      "checkpoint CHECKPOINT_SIGNATURE",
    );
    expect(await fault(full.row, full.proof, vectors.key, vectors.foreign.vkey)).toBe(
      "checkpoint CHECKPOINT_SIGNATURE",
    );
    expect(await fault(full.row, full.proof, vectors.key, `x${vectors.vkey}`)).toBe("checkpoint UNREADABLE");
    expect(await fault(full.row, { ...full.proof, checkpoint: "nothing" })).toBe("path UNREADABLE");
  });

  it("fails for a row that another key signed", async () => {
    expect(await fault(full.row, full.proof, vectors.foreign.key)).toBe("edge EDGE_SIGNATURE");
  });

  it("cannot tell without the edge's key", async () => {
    const steps = await check(full.row, full.proof, "");
    expect(verdict(steps)).toBe("unable");
    expect(steps[1]).toMatchObject({ state: "unable", code: "NO_EDGE_KEY" });
  });

  it("says so where the browser has no Ed25519", async () => {
    const lacking = vi
      .spyOn(crypto.subtle, "importKey")
      .mockRejectedValue(new DOMException("no", "NotSupportedError"));
    try {
      await expect(verifyEd25519(new Uint8Array(32), new Uint8Array(64), new Uint8Array(1))).rejects.toThrow(
        NoEd25519,
      );
      const steps = await check(full.row, full.proof);
      expect(steps.map((s) => s.code ?? s.state)).toEqual([
        "held",
        "NO_ED25519",
        "held",
        "held",
        "NO_ED25519",
      ]);
    } finally {
      lacking.mockRestore();
    }
  });
});

describe("a kept checkpoint", () => {
  it.each(vectors.logs.map((l, i) => [i, l] as const))("%i is gone on from", async (_, l) => {
    expect(await checkContinued(l.from, l.to, vectors.vkey, l.hashes)).toMatchObject({ state: "held" });
    // The newest may be the one that was kept: the order is found here.
    expect(await checkContinued(l.to, l.from, vectors.vkey, l.hashes)).toMatchObject({ state: "held" });
    expect(spanOf(l.from, l.to)).toMatchObject({ keptIsNewer: false });
  });

  it.each(vectors.logs.map((l, i) => [i, l] as const))("%i is not, with another proof", async (_, l) => {
    const [a, ...rest] = l.hashes;
    for (const hashes of [
      [...l.hashes, vectors.foreign.key],
      a ? [flip(a), ...rest] : ["AAAA"],
      a ? rest : [btoa("x".repeat(32))],
    ])
      expect(await checkContinued(l.from, l.to, vectors.vkey, hashes)).toMatchObject({ state: "failed" });
  });

  it("is not believed without the log's signature", async () => {
    const l = vectors.logs[1] as (typeof vectors.logs)[number];
    expect(await checkContinued(l.from, l.to, vectors.foreign.vkey, l.hashes)).toMatchObject({
      code: "CHECKPOINT_SIGNATURE",
    });
    expect(await checkContinued("x", l.to, vectors.vkey, l.hashes)).toMatchObject({
      code: "CHECKPOINT_UNREADABLE",
    });
  });
});
