import { useState } from "react";
import { useParams } from "react-router";
import { useRenew } from "../../api/all";
import { api, client } from "../../api/client";
import { Decide } from "../../duties/decide";
import { Account } from "../../duties/who";
import { useTexts } from "../../i18n/texts";
import { LinkButton } from "../../kit/button";
import { Gone } from "../../kit/failure";
import { SelectField, TextField } from "../../kit/fields";
import { Loaded } from "../../kit/loaded";
import { Chip, Facts, PageHead, Panel } from "../../kit/page";
import { DataTable } from "../../kit/table";
import { Moment } from "../../kit/time";
import { useSession } from "../../session/session";
import { Icon } from "../../ui/icons";
import { FieldsDiff } from "../differences";
import { fieldNames, fieldsOf, languages, type Notice } from "./fields";
import { Preview } from "./preview";
import { noticeTexts } from "./texts";

/** One notice: as people see it, what changed, and its publication by a second person. */
export function One() {
  const { version = "" } = useParams();
  const t = useTexts(noticeTexts);
  const all = api.useQuery("get", "/v1/notices");
  return (
    <Loaded query={all} rows={8} page>
      {(d) => {
        const revisions = d.notices
          .filter((n) => n.version === version)
          .toSorted((a, b) => b.revision - a.revision);
        const newest = revisions[0];
        if (!newest) return <Gone title={t("gone", { version })} to="/office/notices" />;
        return <Shown all={d.notices} revisions={revisions} newest={newest} />;
      }}
    </Loaded>
  );
}

function Shown(props: { all: readonly Notice[]; revisions: readonly Notice[]; newest: Notice }) {
  const t = useTexts(noticeTexts);
  const { session } = useSession();
  const [revision, setRevision] = useState(String(props.newest.revision));
  const [view, setView] = useState<"read" | "diff">(props.newest.state === "draft" ? "diff" : "read");
  const n = props.revisions.find((x) => String(x.revision) === revision) ?? props.newest;
  const draft = n.state === "draft";
  const mine = n.author === session.id;
  return (
    <>
      <PageHead
        title={t("one.title", { version: n.version })}
        actions={
          <>
            <LinkButton to={`/office/notices/new?revise=${n.version}`}>{t("revise")}</LinkButton>
            <LinkButton to={`/office/notices/new?from=${n.version}`}>{t("next")}</LinkButton>
            {draft && !mine ? <Publish notice={n} /> : null}
          </>
        }
      />
      {draft && mine ? (
        <div className="note warn">
          <Icon name="person" />
          <div>{t("own")}</div>
        </div>
      ) : null}
      <Panel title={t("state")}>
        <Facts
          rows={[
            [
              t("state"),
              <Chip key="state" tone={draft ? "warn" : "good"}>
                {draft ? t("st.draft") : t("st.published")}
              </Chip>,
            ],
            [t("scenes"), (n.scenes ?? []).join(", ")],
            [t("supersedes"), n.supersedes ?? t("supersedes.none")],
            [t("author"), <Account key="author" id={n.author} />],
            [t("facts.approver"), n.approver ? <Account key="approver" id={n.approver} /> : ""],
            [t("facts.at"), n.published_at ? <Moment key="at" at={n.published_at} /> : ""],
            [t("effective"), n.effective_from ? <Moment key="from" at={n.effective_from} /> : ""],
            [t("facts.hash"), <code key="hash">{n.hash.slice(0, 16)}</code>],
          ]}
        />
      </Panel>
      <div className="toolbar">
        <SelectField
          label={t("revisions")}
          value={revision}
          onChange={setRevision}
          options={props.revisions.map((r) => ({
            value: String(r.revision),
            label: t("revision", { n: r.revision }),
          }))}
        />
        <fieldset className="segments" aria-label={t("view")}>
          {(["read", "diff"] as const).map((v) => (
            <button key={v} type="button" aria-pressed={view === v} onClick={() => setView(v)}>
              {t(`view.${v}`)}
            </button>
          ))}
        </fieldset>
      </div>
      <Panel title={view === "read" ? t("view.read") : t("view.diff")} note={t("languages.differ")}>
        {view === "read" ? <Preview notice={n} /> : <Compared notice={n} all={props.all} />}
      </Panel>
      <Parties notice={n} />
    </>
  );
}

/** The words that changed since the revision before, or since the version it replaces. */
function Compared({ notice, all }: { notice: Notice; all: readonly Notice[] }) {
  const t = useTexts(noticeTexts);
  const older = all
    .filter((n) =>
      notice.revision > 1
        ? n.version === notice.version && n.revision === notice.revision - 1
        : n.version === notice.supersedes,
    )
    .toSorted((a, b) => b.revision - a.revision)[0];
  if (!older)
    return (
      <>
        <p className="muted">{t("against.none")}</p>
        <Preview notice={notice} />
      </>
    );
  return (
    <>
      <p className="muted">
        {t("against")}{" "}
        {notice.revision > 1
          ? t("against.revision", { n: older.revision })
          : t("against.version", { v: older.version })}
      </p>
      <div className="bilingual">
        {languages.map((lang) => {
          const a = fieldsOf(older.texts[lang]);
          const b = fieldsOf(notice.texts[lang]);
          return (
            <article key={lang} className="sheet">
              <h3>{t(`lang.${lang}`)}</h3>
              <FieldsDiff
                fields={fieldNames.map((f) => ({ name: t(`f.${f}`), before: a[f], after: b[f], lang }))}
              />
            </article>
          );
        })}
      </div>
    </>
  );
}

function Publish({ notice }: { notice: Notice }) {
  const t = useTexts(noticeTexts);
  const renew = useRenew();
  const [from, setFrom] = useState("");
  return (
    <Decide
      bare
      tone="primary"
      label={t("publish")}
      title={t("publish")}
      text={t("publish.ask")}
      said={t("published")}
      run={async () => {
        await client.POST("/v1/notices/{version}/publish", {
          params: { path: { version: notice.version } },
          body: {
            revision: notice.revision,
            ...(from ? { effective_from: new Date(from).toISOString() } : {}),
          },
        });
        await renew("/v1/notices", "/v1/notices/{version}", "/v1/notices/current");
      }}
    >
      <TextField
        label={t("publish.from")}
        hint={t("publish.from.hint")}
        type="datetime-local"
        value={from}
        onChange={setFrom}
      />
    </Decide>
  );
}

function Parties({ notice }: { notice: Notice }) {
  const t = useTexts(noticeTexts);
  const rows = notice.components ?? [];
  if (rows.length === 0) return null;
  return (
    <Panel title={t("components")} note={t("components.note")}>
      <DataTable
        caption={t("components")}
        rows={rows}
        rowKey={(c) => `${c.name} ${c.version}`}
        columns={[
          { key: "name", title: t("c.name"), cell: (c) => `${c.name} ${c.version}` },
          { key: "provider", title: t("c.provider"), cell: (c) => c.provider },
          { key: "purpose", title: t("c.purpose"), cell: (c) => c.purpose },
          { key: "data", title: t("c.data"), cell: (c) => (c.data ?? []).join(", ") },
          { key: "role", title: t("c.role"), cell: (c) => c.role },
        ]}
      />
    </Panel>
  );
}
