import { useState } from "react";
import { client } from "../../api/client";
import { useTexts } from "../../i18n/texts";
import { Button } from "../../kit/button";
import { SelectField, TextField } from "../../kit/fields";
import { Panel } from "../../kit/page";
import { useToast } from "../../kit/toast";
import { useReload } from "../data";
import { idPattern } from "../draw/items";
import { Refusal } from "../problem";
import { zoneTexts } from "../texts";

const profiles = ["default", "cn", "eu", "us-il"] as const;

/** The first step: whose site this is. */
export function SiteForm() {
  const t = useTexts(zoneTexts);
  const say = useToast();
  const reload = useReload();
  const [f, setF] = useState({
    id: "site",
    name: "",
    contact: "",
    profile: "" as (typeof profiles)[number] | "",
  });
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const ok = idPattern.test(f.id) && f.name.trim() !== "" && f.contact.trim() !== "" && f.profile !== "";
  const save = async () => {
    if (f.profile === "") return;
    setBusy(true);
    setError(undefined);
    try {
      await client.POST("/v1/sites", { body: { ...f, profile: f.profile, reason: "first set-up" } });
      say(t("saved"));
      await reload();
    } catch (err) {
      setError(err);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Panel title={t("site.title")}>
      <form
        id="site"
        className="form"
        onSubmit={(e) => {
          e.preventDefault();
          void save();
        }}
      >
        <TextField
          required
          label={t("site.name")}
          hint={t("site.name.hint")}
          value={f.name}
          onChange={(name) => setF({ ...f, name })}
          maxLength={200}
        />
        <TextField
          required
          label={t("site.contact")}
          hint={t("site.contact.hint")}
          value={f.contact}
          onChange={(contact) => setF({ ...f, contact })}
          maxLength={300}
        />
        <div className="form-row">
          <SelectField
            required
            label={t("site.profile")}
            hint={t("profile.hint")}
            value={f.profile}
            onChange={(profile) => setF({ ...f, profile })}
            options={profiles.map((p) => ({ value: p, label: t(`profile.${p}`) }))}
          />
          <TextField
            required
            mono
            label={t("site.id")}
            hint={t("id.hint")}
            error={idPattern.test(f.id) ? undefined : t("id.bad")}
            value={f.id}
            onChange={(id) => setF({ ...f, id })}
            maxLength={63}
          />
        </div>
        {error ? <Refusal error={error} /> : null}
        <div className="actions">
          <Button submit tone="primary" pending={busy} disabled={!ok}>
            {t("save")}
          </Button>
        </div>
      </form>
    </Panel>
  );
}
