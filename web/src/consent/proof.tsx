import { useState } from "react";
import { say, useAct } from "../enrol/act";
import { Refused } from "../enrol/refused";
import { enrol } from "../enrol/texts";
import { type Method, methods, type Session } from "../enrol/types";
import { useWords } from "../i18n/i18n";
import { useTexts } from "../i18n/texts";
import { Button } from "../kit/button";
import { CheckField, SelectField, TextField } from "../kit/fields";
import { Chip } from "../kit/page";
import { useToast } from "../kit/toast";
import { desk } from "./texts";

/** How the officer made sure who the person is. The name is sent once and not shown again. */
export function Proof({ session, onChange }: { session: Session; onChange: () => void }) {
  const t = useTexts(desk);
  const e = useTexts(enrol);
  const w = useWords();
  const act = useAct();
  const toast = useToast();
  const [name, setName] = useState("");
  const [method, setMethod] = useState<Method | "">("");
  const [present, setPresent] = useState(false);
  const [compared, setCompared] = useState(false);
  if (session.proof?.method)
    return (
      <p>
        <Chip tone="good">
          {t("proof.done", {
            method: e.code("method", session.proof.method),
            officer: session.proof.officer ?? "",
            time: w.moment(session.proof.at ?? ""),
          })}
        </Chip>
      </p>
    );
  const record = () =>
    act.run(async () => {
      await say<Session>(`/v1/enrolments/${session.id}/proof`, {
        name,
        method,
        in_person: present,
        photo_compared: compared,
      });
      setName("");
      toast(t("saved"));
      onChange();
    });
  return (
    <form
      className="form"
      onSubmit={(ev) => {
        ev.preventDefault();
        void record();
      }}
    >
      <div className="form-row">
        <TextField label={t("proof.name")} value={name} onChange={setName} maxLength={200} required />
        <SelectField
          label={t("proof.method")}
          value={method}
          onChange={setMethod}
          options={methods.map((m) => ({ value: m, label: e(`method.${m}`) }))}
        />
      </div>
      <CheckField label={t("proof.inPerson")} value={present} onChange={setPresent} />
      <CheckField label={t("proof.compared")} value={compared} onChange={setCompared} disabled={!present} />
      <Refused error={act.error} onRetry={act.again} />
      <div className="actions">
        <Button submit tone="primary" pending={act.busy} disabled={!name.trim() || !method}>
          {t("proof.go")}
        </Button>
      </div>
    </form>
  );
}
