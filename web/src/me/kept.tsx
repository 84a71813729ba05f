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
              rows={looks.map((l, i) => ({ ...l, i }))}
              rowKey={(l) => String(l.i)}
              empty={<Empty icon="eye" title={t("k.looksNone")} />}
              columns={[
                { key: "at", title: t("k.time"), cell: (l) => <Moment at={l.at} /> },
                { key: "role", title: t("k.role"), cell: (l) => roles.code("role", l.role) },
                { key: "what", title: t("k.action"), cell: (l) => t.code("look", l.action) },
              ]}
            />
          </Panel>
        </>
      )}
    </Loaded>
  );
}
