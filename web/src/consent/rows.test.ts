import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cells, columns, maxRows, rowsOf, template } from "./rows";

describe("the table of an import", () => {
  it("reads what a spreadsheet writes", () => {
    const cell = fc.string().filter((s) => !/[\r\uFEFF]/.test(s));
    fc.assert(
      fc.property(fc.array(fc.array(cell, { minLength: 2, maxLength: 5 }), { minLength: 1 }), (table) => {
        const rows = table.filter((r) => r.some((c) => c.trim() !== ""));
        const text = table.map((r) => r.map((c) => `"${c.replace(/"/g, '""')}"`).join(",")).join("\r\n");
        expect(cells(text)).toEqual(rows);
      }),
    );
  });

  it("turns rows into what the server takes, and leaves empty cells out", () => {
    const hash = "ab".repeat(32);
    const got = rowsOf(
      `person,purpose,scenes,zones,under_14,notice_hash,evidence_sha256,act_at\np1,match,concert,a b;c,no,${hash},${hash},2026-01-31\np2,,,,maybe,,,yesterday\n`,
    );
    expect(got).toEqual({
      rows: [
        {
          person: "p1",
          purposes: ["match"],
          scenes: ["concert"],
          zones: ["a", "b", "c"],
          under_14: false,
          notice_hash: hash,
          evidence_sha256: hash,
          act_at: "2026-01-31T00:00:00.000Z",
        },
        { person: "p2" },
      ],
    });
  });

  it("says why a table cannot be read", () => {
    expect(rowsOf("")).toEqual({ fault: "noHead" });
    expect(rowsOf("a,b\n1,2")).toEqual({ fault: "noHead" });
    expect(rowsOf("person,purpose\n")).toEqual({ fault: "noRows" });
    expect(rowsOf(`person,purpose\n${"p,match\n".repeat(maxRows + 1)}`)).toEqual({ fault: "tooMany" });
  });

  it("offers an empty table that it reads itself", () => {
    const got = rowsOf(template("concert", "front", "ab"));
    expect(got).toMatchObject({
      rows: [{ person: "p1", purposes: ["match"], scenes: ["concert"], zones: ["front"] }],
    });
    expect(cells(template("s", "z", "h"))[0]).toEqual([...columns]);
  });
});
