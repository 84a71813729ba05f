import { createContext, type ReactNode, useContext, useMemo, useState } from "react";
import { useTexts } from "../i18n/texts";
import { SelectField, TextField } from "../kit/fields";
import { auditTexts } from "./texts";

const codes = ["audit", "incident", "rights", "authority"] as const;
type Code = (typeof codes)[number];

interface Purpose {
  /** As the access log keeps it; empty while a reference is missing. */
  text: string;
  code: Code;
  reference: string;
  set: (code: Code, reference: string) => void;
}

const PurposeContext = createContext<Purpose>({ text: "audit", code: "audit", reference: "", set: () => {} });

/** Why everything on this desk is read; it goes with every question. */
export const usePurpose = (): Purpose => useContext(PurposeContext);

const place = "bystander.audit.purpose";

/** Keeps the purpose for this window, so that one investigation names it once. */
export function PurposeProvider({ children }: { children: ReactNode }) {
  const [{ code, reference }, set] = useState(kept);
  const value = useMemo<Purpose>(
    () => ({
      text: purposeText(code, reference),
      code,
      reference,
      set: (c, r) => {
        set({ code: c, reference: r });
        sessionStorage.setItem(place, JSON.stringify([c, r]));
      },
    }),
    [code, reference],
  );
  return <PurposeContext value={value}>{children}</PurposeContext>;
}

function kept(): { code: Code; reference: string } {
  try {
    const [code, reference] = JSON.parse(sessionStorage.getItem(place) ?? "") as [unknown, unknown];
    const known = codes.find((c) => c === code);
    if (known && typeof reference === "string") return { code: known, reference };
  } catch {
    // Nothing was kept, or something else: the plain purpose.
  }
  return { code: "audit", reference: "" };
}

/** "audit", "audit:NOTE", or CODE:REFERENCE; empty when a needed reference is missing. */
export function purposeText(code: Code, reference: string): string {
  const r = reference.trim();
  if (code === "audit") return r ? `audit:${r}` : "audit";
  return r ? `${code}:${r}` : "";
}

export function PurposeBar() {
  const t = useTexts(auditTexts);
  const p = usePurpose();
  return (
    <section className="panel audit-purpose" aria-label={t("purpose.label")}>
      <SelectField
        label={t("purpose.label")}
        value={p.code}
        onChange={(c) => p.set(c, p.reference)}
        options={codes.map((c) => ({ value: c, label: t(`purpose.${c}`) }))}
      />
      <TextField
        label={p.code === "audit" ? t("purpose.ref.audit") : t("purpose.ref")}
        value={p.reference}
        onChange={(r) => p.set(p.code, r)}
        maxLength={150}
        required={p.code !== "audit"}
        error={p.text === "" ? t("purpose.needed") : undefined}
      />
      <p className="audit-purpose-note">{t("purpose.note")}</p>
    </section>
  );
}
