import type { Reason } from "../api/client";
import type { Teller } from "../i18n/texts";
import type { Venue } from "./data";
import type { reasonTexts } from "./texts/reasons";

type ReasonKey = keyof (typeof reasonTexts)["en"];

/** Why something is not so yet, in words, with whose work it is and where it is mended. */
export interface Told {
  text: string;
  /** The place that mends it; undefined when there is none in this application. */
  to?: string;
  label?: string;
  /** Whose work it is, when it is not the reader's. */
  who?: "privacy" | "inspector" | "planner";
}

type Of = { zone?: string; camera?: string; scene?: string };

/** What each code of the server means for a zone, and where it is mended. */
export function tell(t: Teller<ReasonKey>, r: Reason, of: Of, venue?: Venue): Told {
  const zone = of.zone ? `/zones/zone/${of.zone}` : "/zones";
  const name = entranceName(venue, r.object);
  const plan = planOf(venue, of.zone);
  const place = (code: ReasonKey, to: string, go: ReasonKey, who?: Told["who"]): Told => ({
    text: t(code, { x: name }),
    to,
    label: t(go),
    ...(who ? { who } : {}),
  });
  switch (r.code) {
    case "CHECKLIST_MISSING":
    case "CHECKLIST_PHOTO":
    case "INSTALLER_ACK_MISSING":
      return place(`r.${r.code}`, `/zones/cameras/${r.object || of.camera}#checklist`, "go.camera");
    case "POSE_NOT_CALIBRATED":
    case "CAMERA_MOVED":
    case "POSE_UNSURE":
      return place(`r.${r.code}`, `/zones/cameras/${r.object || of.camera}#view`, "go.camera");
    case "PROHIBITED_PLACE":
      return place("r.PROHIBITED_PLACE", `/zones/cameras/${of.camera}`, "go.camera");
    case "INSPECTION_MISSING":
    case "INSPECTION_EXPIRED":
    case "INSPECTOR_IS_PLANNER":
    case "INSPECTION_PHOTO":
      return place(`r.${r.code}`, `/zones/inspect/${of.zone ?? ""}`, "go.inspect", "inspector");
    case "ENTRANCE_MISSING":
    case "ENTRANCE_POSITION":
    case "SIGN_MISSING":
    case "SIGN_PAIR":
      return place(`r.${r.code}`, plan, "go.plan", "planner");
    case "SIGN_INCOMPLETE": {
      const [sign = "", ...rest] = r.object.split(".");
      const known = venue?.signs.find((s) => r.object.startsWith(`${s.id}.`));
      return {
        text: t("r.SIGN_INCOMPLETE", { x: known?.id ?? sign, field: t.code("field", rest.at(-1)) }),
        to: `/zones/sign/${known?.id ?? sign}`,
        label: t("go.sign"),
        who: "planner",
      };
    }
    case "ALTERNATIVE_MISSING":
      return place("r.ALTERNATIVE_MISSING", `${zone}#alternative`, "go.zone", "planner");
    case "WRONG_STATE":
      return { text: t("r.WRONG_STATE", { x: t.code("state", r.object) || r.object }) };
    case "PIA_MISSING":
      return {
        text: t.code("pia", r.object) || t("pia.none"),
        to: "/office",
        label: t("go.office"),
        who: "privacy",
      };
    case "LEGAL_REVIEW_MISSING":
    case "NOTICE_MISSING":
      return place(`r.${r.code}`, "/office", "go.office", "privacy");
    case "FILING_MISSING":
      return {
        ...place("r.FILING_MISSING", "/office", "go.office", "privacy"),
        text: t("r.FILING_MISSING", { x: t.code("filing", r.object) }),
      };
    case "SCENE_DRAFT":
    case "SCENE_ASSESSED":
    case "SCENE_PAUSED":
    case "SCENE_RETIRED":
    case "PURPOSE_FORBIDDEN":
    case "SEPARATE_CONSENT_MISSING":
    case "MODE_FORBIDDEN":
    case "GUARDIAN_CHANNEL_MISSING":
    case "RETENTION_POLICY_MISSING":
      return place(`r.${r.code}`, `/zones/scenes/${of.scene ?? ""}`, "go.scene");
    case "SELF_APPROVAL":
    case "MANAGED_BY_FILE":
    case "SELF_CHECK":
    case "SITE_MISSING":
      return { text: t(`r.${r.code}`) };
  }
  return { text: r.text || r.code };
}

/** Several reasons that say the same are told once; WRONG_STATE repeats what the others say. */
export function tellAll(t: Teller<ReasonKey>, list: readonly Reason[], of: Of, venue?: Venue): Told[] {
  const out: Told[] = [];
  const inspection = list.some((r) => r.code === "INSPECTION_MISSING");
  for (const r of list) {
    // Without an inspection there is no inspector, no date and no photograph of it either.
    if (inspection && /^(INSPECTION_EXPIRED|INSPECTOR_IS_PLANNER|INSPECTION_PHOTO)$/.test(r.code)) continue;
    if (r.code === "WRONG_STATE" && list.length > 1) continue;
    const told = tell(t, r, of, venue);
    if (!out.some((o) => o.text === told.text)) out.push(told);
  }
  return out;
}

function entranceName(venue: Venue | undefined, id: string): string {
  return venue?.entrances.find((e) => e.id === id)?.name || id;
}

function planOf(venue: Venue | undefined, zone: string | undefined): string {
  const plan = venue?.zones.find((z) => z.id === zone)?.plan ?? venue?.plans[0]?.id;
  return plan ? `/zones/plan/${plan}${zone ? `?zone=${zone}` : ""}` : "/zones/plan/new";
}
