import { Link } from "react-router";
import { useWords } from "../../i18n/i18n";
import { useTexts } from "../../i18n/texts";
import { LinkButton } from "../../kit/button";
import { Panel } from "../../kit/page";
import { DataTable } from "../../kit/table";
import { Icon } from "../../ui/icons";
import { Empty } from "../../ui/parts";
import type { Coverage, Venue, Zone } from "../data";
import { zoneTexts } from "../texts";

type Row = NonNullable<Coverage["entrances"]>[number];

const words = {
  SIGN_MISSING: "cover.sign",
  SIGN_PAIR: "cover.pair",
  SIGN_INCOMPLETE: "cover.text",
  INSPECTION_PHOTO: "cover.photo",
  ENTRANCE_POSITION: "cover.place",
} as const;

/** Each entrance with its signs, and what it lacks. */
export function CoverTable({ zone, venue, coverage }: { zone: Zone; venue: Venue; coverage: Coverage }) {
  const w = useWords();
  const t = useTexts(zoneTexts);
  const plan = zone.plan ?? venue.plans[0]?.id;
  const to = plan ? `/zones/plan/${plan}?zone=${zone.id}` : "/zones/plan/new";
  return (
    <Panel
      title={t("cover.title")}
      note={t("cover.note")}
      actions={
        <LinkButton small to={to}>
          {t(plan ? "plan.edit" : "plan.add")}
        </LinkButton>
      }
    >
      <DataTable<Row>
        caption={w.pair(t("cover.title"), zone.id)}
        rows={coverage.entrances ?? []}
        rowKey={(r) => r.entrance}
        empty={
          <Empty icon="gate" title={t("cover.none")}>
            {t("cover.none.text")}
          </Empty>
        }
        columns={[
          {
            key: "entrance",
            title: t("cover.entrance"),
            cell: (r) => venue.entrances.find((e) => e.id === r.entrance)?.name || r.entrance,
          },
          { key: "signs", title: t("cover.signs"), cell: (r) => <Signs ids={r.signs ?? []} venue={venue} /> },
          {
            key: "state",
            title: t("cover.state"),
            cell: (r) => <At row={r} inspected={Boolean(zone.inspection)} />,
          },
        ]}
      />
    </Panel>
  );
}

function Signs({ ids, venue }: { ids: readonly string[]; venue: Venue }) {
  const t = useTexts(zoneTexts);
  return (
    <ul className="sign-list">
      {ids.map((id) => {
        const sign = venue.signs.find((s) => s.id === id);
        if (!sign) return null;
        return (
          <li key={id}>
            <span className={`swatch sign ${sign.kind}`} aria-hidden="true" />
            <Link to={`/zones/sign/${id}`}>{t(`sign.${sign.kind}`)}</Link>
            {sign.kind === "floor_marking" ? null : (
              <Link to={`/zones/sign/${id}/print`}>
                {t("sign.print")}
                <span className="hidden"> {id}</span>
              </Link>
            )}
          </li>
        );
      })}
    </ul>
  );
}

function At({ row, inspected }: { row: Row; inspected: boolean }) {
  const t = useTexts(zoneTexts);
  const lacks = [
    ...(row.planned ? [] : ["ENTRANCE_POSITION"]),
    // Before any inspection, its photograph is no fault of the entrance.
    ...(row.lacks ?? []).filter((c) => inspected || c !== "INSPECTION_PHOTO"),
  ].filter((c, i, all) => all.indexOf(c) === i);
  if (lacks.length === 0)
    return (
      <span className="glance-mark good">
        <Icon name="check" size={14} /> {t("cover.ok")}
      </span>
    );
  return lacks.map((c) => (
    <span key={c} className="glance-mark bad">
      <Icon name="warn" size={14} /> {c in words ? t(words[c as keyof typeof words]) : c}
    </span>
  ));
}
