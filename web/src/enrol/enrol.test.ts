import fc from "fast-check";
import jsQR from "jsqr";
import { encode } from "uqr";
import { describe, expect, it } from "vitest";
import { hint, measure, measured } from "./guidance";
import { codeIn, grouped, letters, receiptLink } from "./types";
import { verifyReceipt } from "./verify";

const code = fc.array(fc.constantFrom(...letters), { minLength: 16, maxLength: 16 }).map((c) => c.join(""));

describe("codes", () => {
  it("are found however they are written", () => {
    fc.assert(
      fc.property(code, (c) => {
        for (const text of [
          c,
          grouped(c),
          ` ${c.toLowerCase()} `,
          grouped(c).replace(/-/g, " "),
          receiptLink("https://site.example", c),
        ])
          expect(codeIn(text)).toBe(c);
      }),
    );
  });
  it("are not found in what is none", () => {
    for (const text of [
      "",
      "ABCD",
      "ABCDEFGHJKLMNPQ0",
      "ABCDEFGHJKLMNPQI",
      `${"A".repeat(17)}`,
      "https://x/me",
    ])
      expect(codeIn(text)).toBeUndefined();
  });
  it("can be read from the receipt’s QR code, behind the #", () => {
    fc.assert(
      fc.property(code, (c) => {
        const link = receiptLink("https://bystander.stage.example", c);
        expect(link.split("#")[1]).toBe(`code=${c}`);
        const { data, size } = encode(link, { ecc: "M", border: 4 });
        const scale = 4;
        const px = new Uint8ClampedArray(size * scale * size * scale * 4).fill(255);
        for (let y = 0; y < size * scale; y++)
          for (let x = 0; x < size * scale; x++)
            if (data[Math.floor(y / scale)]?.[Math.floor(x / scale)])
              px.fill(0, (y * size * scale + x) * 4, (y * size * scale + x) * 4 + 3);
        expect(jsQR(px, size * scale, size * scale)?.data).toBe(link);
      }),
      { numRuns: 10 },
    );
  });
});

/** A picture of `measured` size from a function of its pixels. */
function picture(f: (x: number, y: number) => number): Uint8ClampedArray {
  const px = new Uint8ClampedArray(measured.width * measured.height * 4);
  for (let y = 0; y < measured.height; y++)
    for (let x = 0; x < measured.width; x++)
      px.fill(f(x, y), (y * measured.width + x) * 4, (y * measured.width + x) * 4 + 3);
  return px;
}

describe("guidance", () => {
  const checks = (x: number, y: number) => ((x >> 2) + (y >> 2)) % 2;
  it("says what to change", () => {
    expect(hint(measure(picture((x, y) => 10 + 20 * checks(x, y))))).toBe("dark");
    expect(hint(measure(picture((x, y) => 232 + 20 * checks(x, y))))).toBe("bright");
    expect(hint(measure(picture(() => 128)))).toBe("flat");
    expect(hint(measure(picture((x) => x)))).toBe("blurred");
    expect(hint(measure(picture((x, y) => 80 + 90 * checks(x, y))))).toBeUndefined();
  });
  it("notices movement against the picture before, and only there", () => {
    const first = measure(picture((x, y) => 80 + 90 * checks(x, y)));
    expect(first.change).toBeUndefined();
    const moved = measure(
      picture((x, y) => 80 + 90 * checks(x + 4, y)),
      first.grey,
    );
    expect(hint(moved)).toBe("still");
    const same = measure(
      picture((x, y) => 80 + 90 * checks(x, y)),
      first.grey,
    );
    expect(hint(same)).toBeUndefined();
  });
});

const bytes = (s: string) => new TextEncoder().encode(s);
const url = (b: ArrayBuffer | Uint8Array) =>
  btoa(String.fromCharCode(...new Uint8Array(b)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");

describe("receipts", () => {
  const made = async () => {
    const pair = (await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"])) as CryptoKeyPair;
    const raw = await crypto.subtle.exportKey("raw", pair.publicKey);
    const head = url(bytes(JSON.stringify({ alg: "EdDSA", kid: "k1" })));
    const body = url(bytes('{"record":1}'));
    const sig = await crypto.subtle.sign("Ed25519", pair.privateKey, bytes(`${head}.${body}`));
    return {
      jws: `${head}.${body}.${url(sig)}`,
      key: { kty: "OKP", crv: "Ed25519", x: url(raw), kid: "k1" },
      head,
      body,
      sig: url(sig),
    };
  };
  it("are genuine only unchanged and under a published key", async () => {
    const r = await made();
    const other = await made();
    expect(await verifyReceipt(r.jws, [r.key])).toBe("genuine");
    expect(await verifyReceipt(r.jws, [])).toBe("unknown-key");
    expect(await verifyReceipt(r.jws, [other.key])).toBe("altered");
    const body = url(bytes('{"record":2}'));
    expect(await verifyReceipt(`${r.head}.${body}.${r.sig}`, [r.key])).toBe("altered");
    const none = url(bytes('{"alg":"none","kid":"k1"}'));
    expect(await verifyReceipt(`${none}.${r.body}.${r.sig}`, [r.key])).toBe("altered");
    for (const bad of ["", "a.b", `${r.jws}.x`, "%.%.%"])
      expect(await verifyReceipt(bad, [r.key])).toBe("altered");
  });
});
