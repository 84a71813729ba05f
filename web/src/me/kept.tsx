import { api, type Schemas } from "../api/client";
import { deskTexts } from "../desks/texts";
import { useWords } from "../i18n/i18n";
import { useTexts } from "../i18n/texts";
import { Loaded } from "../kit/loaded";
import { Panel } from "../kit/page";
import { DataTable } from "../kit/table";
import { Moment } from "../kit/time";
import { Empty } from "../ui/parts";
import { me } from "./texts";

type Kind = Schemas["MeKeptKind"];

interface Looked {
  key: string;
  at: string; // the latest
  role: string;
  action: string;
  times: number;
}

/** Looks of one role at one thing, told in words, within a day as one row, the latest first. */
export function byDay(looks: readonly { at: string; role: string; action: string }[]): Looked[] {
  const out = new Map<string, Looked>();
  for (const { at, role, action } of looks) {
    const key = `${new Date(at).toDateString()} ${role} ${action}`;
    const row = out.get(key) ?? { key, at, role, action, times: 0 };
    row.times++;
    if (at > row.at) row.at = at;
    out.set(key, row);
  }
  return [...out.values()].toSorted((a, b) => b.at.localeCompare(a.at));
}

/** What is kept, how long, and who looked at it. */
export function KeptPage() {
  const t = useTexts(me);
  const roles = useTexts(deskTexts);
  const w = useWords();
  const kept = api.useQuery("get", "/v1/me/kept", {}, { staleTime: 30_000 });
  const ends = (k: Kind) => {
    const days = k.days ?? 0;
    const years = days >= 730 && days % 365 === 0;
    if (k.ends === "days" && years) return t("ends.years", { n: days / 365 });
    return t.code("ends", k.ends).replace("{n}", w.number(days));
  };
  return (
    <Loaded query={kept} rows={6}>
      {({ kinds, looks }) => (
        <>
          <Panel title={t("k.title")} note={t("k.note")}>
            <ul className="me-kept">
              {kinds.map((k) => (
                <li key={k.kind} className={k.count === 0 ? "none" : undefined}>
                  <strong>{t.code("kind", k.kind)}</strong>
                  <span>{k.count === 0 ? t("k.none") : w.number(k.count)}</span>
                  {k.count > 0 ? (
                    <small>
                      {ends(k)}
                      {k.oldest ? (
                        <>
                          {" · "}
                          <Moment at={k.oldest} />
                          {k.newest && k.newest !== k.oldest ? (
                            <>
                              {" – "}
                              <Moment at={k.newest} />
                            </>
                          ) : null}
                        </>
                      ) : null}
                    </small>
                  ) : null}
                </li>
              ))}
            </ul>
          </Panel>
          <Panel title={t("k.looks")}>
            <DataTable
              caption={t("k.looksTable")}
              rows={byDay(looks.map((l) => ({ ...l, action: t.code("look", l.action) })))}
              rowKey={(l) => l.key}
              empty={<Empty icon="eye" title={t("k.looksNone")} />}
              columns={[
                { key: "at", title: t("k.time"), cell: (l) => <Moment at={l.at} /> },
                { key: "role", title: t("k.role"), cell: (l) => roles.code("role", l.role) },
                { key: "what", title: t("k.action"), cell: (l) => l.action },
                { key: "times", title: t("k.times"), number: true, cell: (l) => w.number(l.times) },
              ]}
            />
          </Panel>
        </>
      )}
    </Loaded>
  );
}
