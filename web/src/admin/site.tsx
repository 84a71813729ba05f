import { useState } from "react";
import { useAll, useRenew } from "../api/all";
import { client, type Schemas } from "../api/client";
import { Decide } from "../duties/decide";
import { Refusal } from "../duties/reasons";
import { dutyTexts } from "../duties/texts";
import { Account } from "../duties/who";
import { useWords } from "../i18n/i18n";
import { useTexts } from "../i18n/texts";
import { Button } from "../kit/button";
import { SelectField, TextField } from "../kit/fields";
import { Loaded } from "../kit/loaded";
import { Chip, Facts, PageHead, Panel } from "../kit/page";
import { useSending } from "../kit/sending";
import { Moment } from "../kit/time";
import { useToast } from "../kit/toast";
import { siteTexts } from "./sitetexts";

type Site = Schemas["ZonesSite"];
const profiles = ["default", "cn", "eu", "us-il"] as const;

/** The installation's one site: made here, changed here, ended here. */
export default function SitePage() {
  const t = useTexts(siteTexts);
  const sites = useAll("/v1/sites");
  return (
    <>
      <PageHead title={t("title")} lead={t("lead")} />
      <Loaded query={sites}>
        {(list) => {
          const site = list[0];
          return site ? (
            <div className="columns">
              <Now site={site} />
              {site.state === "closed" ? null : <Form key={site.version} site={site} />}
              {site.state === "closed" ? null : <End site={site} />}
            </div>
          ) : (
            <Form />
          );
        }}
      </Loaded>
    </>
  );
}

function Now({ site }: { site: Site }) {
  const t = useTexts(siteTexts);
  const w = useWords();
  const ends = site.ends_at ? w.day(site.ends_at) : "–";
  return (
    <Panel title={t("facts")}>
      <Facts
        rows={[
          [t("id"), <code key="id">{site.id}</code>],
          [t("name"), site.name],
          [t("contact"), site.contact],
          [t("profile"), t.code("p", site.profile)],
          [
            t("state"),
            <Chip
              key="state"
              tone={site.state === "open" ? "good" : site.state === "closed" ? "bad" : "warn"}
            >
              {t(`st.${site.state}`, { day: ends })}
            </Chip>,
          ],
          [t("end.certificate"), site.certificate],
          [
            t("changed"),
            <span key="changed">
              <Moment at={site.at} /> · <Account id={site.author} />
            </span>,
          ],
        ]}
      />
    </Panel>
  );
}

function Form({ site }: { site?: Site }) {
  const t = useTexts(siteTexts);
  const d = useTexts(dutyTexts);
  const renew = useRenew();
  const say = useToast();
  const { busy, error, send } = useSending();
  const [id, setID] = useState("");
  const [name, setName] = useState(site?.name ?? "");
  const [contact, setContact] = useState(site?.contact ?? "");
  const [profile, setProfile] = useState<(typeof profiles)[number]>(
    profiles.find((p) => p === site?.profile) ?? "default",
  );
  const [reason, setReason] = useState("");
  const save = async () => {
    const body = { name, contact, profile, ...(reason ? { reason } : {}) };
    const done = await send(async () => {
      if (site)
        await client.PUT("/v1/sites/{id}", {
          params: { path: { id: site.id }, header: { "If-Match": `"${site.version}"` } },
          body,
        });
      else await client.POST("/v1/sites", { body: { id, ...body } });
      await renew("/v1/sites", "/v1/scenes");
    });
    if (done) say(t("saved"));
  };
  return (
    <Panel title={site ? d("edit") : t("new")} note={site ? undefined : t("new.text")}>
      <form
        className="form"
        onSubmit={(e) => {
          e.preventDefault();
          void save();
        }}
      >
        {site ? null : (
          <TextField
            label={t("id")}
            hint={t("id.hint")}
            required
            mono
            maxLength={63}
            value={id}
            onChange={setID}
          />
        )}
        <TextField
          label={t("name")}
          hint={t("name.hint")}
          required
          maxLength={200}
          value={name}
          onChange={setName}
        />
        <TextField
          label={t("contact")}
          hint={t("contact.hint")}
          required
          maxLength={300}
          value={contact}
          onChange={setContact}
        />
        <SelectField
          label={t("profile")}
          hint={t("profile.hint")}
          required
          value={profile}
          onChange={setProfile}
          options={profiles.map((p) => ({ value: p, label: t(`p.${p}`) }))}
        />
        {site ? <TextField label={d("reason")} maxLength={500} value={reason} onChange={setReason} /> : null}
        {error ? <Refusal error={error} /> : null}
        <div className="actions">
          <Button submit tone="primary" pending={busy}>
            {site ? d("save") : t("new")}
          </Button>
        </div>
      </form>
    </Panel>
  );
}

function End({ site }: { site: Site }) {
  const t = useTexts(siteTexts);
  const renew = useRenew();
  const [certificate, setCertificate] = useState("");
  const at = { params: { path: { id: site.id } } };
  return (
    <Panel title={t("end")}>
      <div className="form">
        <p>{t("end.text")}</p>
        <div className="actions">
          {site.state === "open" ? (
            <Decide
              tone="danger"
              label={t("end.announce")}
              title={t("end.announce")}
              text={t("end.ask")}
              said={t("end.announced")}
              run={async (reason) => {
                await client.POST("/v1/sites/{id}/terminate", { ...at, body: { reason } });
                await renew("/v1/sites");
              }}
            />
          ) : null}
          <Decide
            tone="danger"
            label={t("end.close")}
            title={t("end.close")}
            text={t("end.close.ask")}
            said={t("end.closed")}
            run={async (reason) => {
              await client.POST("/v1/sites/{id}/close", { ...at, body: { reason, certificate } });
              await renew("/v1/sites");
            }}
          >
            <TextField
              label={t("end.certificate")}
              required
              maxLength={300}
              value={certificate}
              onChange={setCertificate}
            />
          </Decide>
        </div>
      </div>
    </Panel>
  );
}
