import { api } from "../api/client";
import { useTexts } from "../i18n/texts";
import { Loaded } from "../kit/loaded";
import { Panel } from "../kit/page";
import { DataTable } from "../kit/table";
import { Moment } from "../kit/time";
import { desk } from "./texts";

/** What happened to a person's record, the newest first. */
export function History({ id }: { id: string }) {
  const t = useTexts(desk);
  const history = api.useQuery(
    "get",
    "/v1/enrollees/{id}/history",
    { params: { path: { id } } },
    { staleTime: 0 },
  );
  return (
    <Panel title={t("history.title")}>
      <Loaded query={history}>
        {({ versions }) => (
          <DataTable
            caption={t("table", { what: t("history.title") })}
            rows={versions.toReversed()}
            rowKey={(v) => String(v.version)}
            columns={[
              { key: "at", title: t("history.when"), cell: (v) => <Moment at={v.changed_at} /> },
              { key: "what", title: t("history.what"), cell: (v) => happened(t, v.reason ?? "") },
            ]}
          />
        )}
      </Loaded>
    </Panel>
  );
}

/** What happened in the reader's language; what has no words here is shown as it was recorded. */
function happened(t: ReturnType<typeof useTexts<keyof (typeof desk)["en"]>>, reason: string): string {
  const key = Object.entries(reasons).find(([start]) => reason.startsWith(start))?.[1];
  return key ? t(key) : reason;
}

const reasons = {
  "enrolment began": "why.began",
  "guardian verified": "why.guardian",
  "the guardian's power ended": "why.guardianEnded",
  "turned 14": "why.turned14",
  "no consent to be recognised is left": "why.none",
  "the enrolment was not finished": "why.unfinished",
  imported: "why.imported",
  "enrolled again": "why.again",
  enrolled: "why.enrolled",
} as const;
