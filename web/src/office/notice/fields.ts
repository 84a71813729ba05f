import type { Schemas } from "../../api/client";

export type NoticeText = Schemas["ConsentText"];
export type Notice = Schemas["ConsentNotice"];
export const languages = ["zh-CN", "en"] as const;
export type Language = (typeof languages)[number];

/** The fields of a notice in the order in which people read them. */
export const fieldNames = [
  "title",
  "controller",
  "contact",
  "purpose",
  "method",
  "kinds",
  "retention",
  "necessity",
  "impact",
  "rights_procedure",
  "alternative",
  "withdrawal",
  "legal_extras",
] as const;
export type FieldName = (typeof fieldNames)[number];

/** A notice's text as one string for each field, as the form edits it. */
export type Fields = Record<FieldName, string>;

export function fieldsOf(t: NoticeText | undefined): Fields {
  const out = {} as Fields;
  for (const name of fieldNames)
    out[name] = name === "kinds" ? kindsText(t?.kinds ?? []) : (t?.[name] ?? "").trim();
  return out;
}

export function textOf(f: Fields): NoticeText {
  const { kinds, legal_extras, ...rest } = f;
  return { ...rest, kinds: kindsOf(kinds), ...(legal_extras.trim() ? { legal_extras } : {}) };
}

/** Functions with their data, a block each: its name, then lines that begin with "- ". */
export function kindsText(kinds: readonly Schemas["ConsentFunctionData"][]): string {
  return kinds.map((k) => [k.function, ...(k.data ?? []).map((d) => `- ${d}`)].join("\n")).join("\n\n");
}

export function kindsOf(text: string): Schemas["ConsentFunctionData"][] {
  const out: { function: string; data: string[] }[] = [];
  for (const raw of text.split("\n")) {
    const line = raw.trim();
    if (line === "") continue;
    const item = /^[-–—•·]\s*(.*)$/.exec(line);
    if (!item) out.push({ function: line, data: [] });
    else {
      if (out.length === 0) out.push({ function: "", data: [] });
      out.at(-1)?.data.push(item[1] ?? "");
    }
  }
  return out;
}

/** How many places of the template wait to be replaced. */
export function placesLeft(f: Fields): number {
  return fieldNames.reduce((n, name) => n + (f[name].match(/\{\{/g)?.length ?? 0), 0);
}

/** The field that a fault's object names, such as zh-CN.kinds[0].data[1]. */
export function faultAt(object: string): { language?: Language; field: string } {
  const language = languages.find((l) => object === l || object.startsWith(`${l}.`));
  if (!language) return { field: object };
  const field = object.slice(language.length + 1).split(/[.[]/)[0] ?? "";
  return { language, field: field || "title" };
}

/** The revisions of each version, newest version and newest revision first. */
export function byVersion(all: readonly Notice[]): Notice[][] {
  const found = new Map<string, Notice[]>();
  for (const n of all) found.set(n.version, [...(found.get(n.version) ?? []), n]);
  return [...found.values()]
    .map((list) => list.toSorted((a, b) => b.revision - a.revision))
    .toSorted((a, b) => (b[0]?.created_at ?? "").localeCompare(a[0]?.created_at ?? ""));
}
