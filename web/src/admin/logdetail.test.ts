import { expect, test } from "vitest";
import all from "../../../internal/event/kinds.go?raw";
import { nameOfDetail } from "./logdetail";
import { logTexts } from "./logtexts";

const kinds = ["zone", "scene", "notice", "gate", "account", "camera"].map((k) => `${k}_change`);

/** The keys that the list of kinds names for one of them. */
function documented(kind: string): string[] {
  const from = all.search(new RegExp(`^//\t${kind} +`, "m"));
  expect(from, kind).toBeGreaterThan(0);
  const rest = all.slice(from);
  const end = rest.slice(3).search(/^(\/\/\t[a-z]|const)/m);
  return [...rest.slice(0, end + 3).matchAll(/"([a-z_]+)"/g)].map((m) => m[1] as string);
}

test.each([...kinds, "incident", "retention_run"])("every documented detail of %s has words", (kind) => {
  const keys = documented(kind).filter((k) => k !== "hash_");
  expect(keys.length).toBeGreaterThan(0);
  for (const key of keys) expect(Object.keys(logTexts.en), key).toContain(`d.${key}`);
});

test("a detail without words is still read", () => {
  const teller = Object.assign((_: "d.hash", p: { lang: string }) => `text in ${p.lang}`, {
    code: (_: string, code: string) => code,
  });
  expect(nameOfDetail(teller, "signed_by")).toBe("signed by");
  expect(nameOfDetail(teller, "hash_zh-CN")).toBe("text in zh-CN");
});
