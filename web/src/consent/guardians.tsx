import { useState } from "react";
import { api } from "../api/client";
import { digest, Keys, say, useAct } from "../enrol/act";
import { Refused } from "../enrol/refused";
import { enrol } from "../enrol/texts";
import { type Method, methods, type Relation, relations } from "../enrol/types";
import { useTexts } from "../i18n/texts";
import { Button } from "../kit/button";
import { ConfirmButton } from "../kit/dialog";
import { FileField, SelectField } from "../kit/fields";
import { Loaded } from "../kit/loaded";
import { Chip, Panel } from "../kit/page";
import { DataTable } from "../kit/table";
import { Moment } from "../kit/time";
import { useToast } from "../kit/toast";
import { Empty } from "../ui/parts";
import { desk } from "./texts";

/** Who acts for a child. No name is kept, and of the proof only its fingerprint. */
export function Guardians({ enrollee, onChange }: { enrollee: string; onChange: () => void }) {
  const t = useTexts(desk);
  const e = useTexts(enrol);
  const list = api.useQuery("get", "/v1/enrollees/{id}/guardians", { params: { path: { id: enrollee } } });
  const renew = () => {
    void list.refetch();
    onChange();
  };
  return (
    <Panel title={t("guard.title")}>
      <Loaded query={list}>
        {({ guardians }) => {
          const newest = guardians.filter(
            (g) => !guardians.some((o) => o.id === g.id && o.version > g.version),
          );
          return (
            <DataTable
              caption={t("table", { what: t("guard.title") })}
              rows={newest}
              rowKey={(g) => g.id}
              empty={
                <Empty icon="person" title={t("guard.none")}>
                  {t("guard.noneText")}
                </Empty>
              }
              columns={[
                { key: "rel", title: t("guard.relation"), cell: (g) => e.code("relation", g.relation) },
                { key: "how", title: t("guard.method"), cell: (g) => e.code("method", g.method) },
                {
                  key: "state",
                  title: t("consents.state"),
                  cell: (g) => (
                    <Chip tone={g.state === "verified" ? "good" : "muted"}>
                      {t.code("guard.state", g.state)}
                    </Chip>
                  ),
                },
                { key: "at", title: t("consents.since"), cell: (g) => <Moment at={g.at} /> },
                {
                  key: "end",
                  title: t("guard.end"),
                  cell: (g) =>
                    g.state === "verified" ? (
                      <ConfirmButton
                        small
                        tone="danger"
                        label={t("guard.end")}
                        title={t("guard.endTitle")}
                        text={t("guard.endText")}
                        run={async () => {
                          await say(`/v1/guardians/${g.id}/end`, undefined);
                          renew();
                        }}
                      />
                    ) : null,
                },
              ]}
            />
          );
        }}
      </Loaded>
      <Verify enrollee={enrollee} onDone={renew} />
    </Panel>
  );
}

function Verify({ enrollee, onDone }: { enrollee: string; onDone: () => void }) {
  const t = useTexts(desk);
  const e = useTexts(enrol);
  const act = useAct();
  const toast = useToast();
  const [relation, setRelation] = useState<Relation | "">("");
  const [method, setMethod] = useState<Method | "">("");
  const [hash, setHash] = useState("");
  const [keys] = useState(() => new Keys());
  const record = () =>
    act.run(async () => {
      const body = { enrollee, relation, method, proof_sha256: hash };
      await say("/v1/guardians", body, keys.of(JSON.stringify(body)));
      toast(t("saved"));
      onDone();
    });
  return (
    <form
      className="form enr-form"
      onSubmit={(ev) => {
        ev.preventDefault();
        void record();
      }}
    >
      <h3>{t("guard.add")}</h3>
      <div className="form-row">
        <SelectField
          label={t("guard.relation")}
          value={relation}
          onChange={setRelation}
          options={relations.map((r) => ({ value: r, label: e(`relation.${r}`) }))}
        />
        <SelectField
          label={t("guard.method")}
          value={method}
          onChange={setMethod}
          options={methods.map((m) => ({ value: m, label: e(`method.${m}`) }))}
        />
        <FileField
          label={t("guard.proof")}
          hint={t("guard.proofHint")}
          accept="image/*,application/pdf"
          onChoose={([file]) => {
            if (file) void digest(file).then(setHash);
          }}
        />
      </div>
      <Refused error={act.error} onRetry={act.again} />
      <div className="actions">
        <Button submit pending={act.busy} disabled={!relation || !method || !hash}>
          {t("guard.go")}
        </Button>
      </div>
    </form>
  );
}
