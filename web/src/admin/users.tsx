import { useState } from "react";
import { useRenew } from "../api/all";
import { api, client, type Schemas } from "../api/client";
import { deskTexts } from "../desks/texts";
import { Decide } from "../duties/decide";
import { useWords } from "../i18n/i18n";
import { useTexts } from "../i18n/texts";
import { Button } from "../kit/button";
import { Dialog } from "../kit/dialog";
import { CheckField, TextField } from "../kit/fields";
import { Loaded } from "../kit/loaded";
import { Chip, PageHead, Panel } from "../kit/page";
import { DataTable } from "../kit/table";
import { Moment } from "../kit/time";
import { useSession } from "../session/session";
import { Empty } from "../ui/parts";
import { userTexts } from "./usertexts";

type User = Schemas["UsersUser"];
type Role = User["roles"][number];
type Invitation = Schemas["UsersInvitation"];
const tones = { invited: "warn", active: "good", disabled: "muted" } as const;
const staff = [
  "operator",
  "venue_owner",
  "inspector",
  "auditor",
  "consent_officer",
  "privacy_officer",
  "administrator",
  "kiosk",
] as const;

/** Every account, and what an administrator may do about it. */
export default function Users() {
  const t = useTexts(userTexts);
  const roles = useTexts(deskTexts);
  const { session } = useSession();
  const users = api.useQuery("get", "/v1/users");
  const [told, setTold] = useState<Invitation>();
  return (
    <>
      <PageHead title={t("title")} lead={t("lead")} actions={<Invite told={setTold} />} />
      <Panel title={t("list")}>
        <Loaded
          query={users}
          isEmpty={(d) => d.users.length === 0}
          empty={
            <Empty icon="person" title={t("none")}>
              {t("none.text")}
            </Empty>
          }
        >
          {(d) => (
            <DataTable<User>
              caption={t("title")}
              rows={d.users}
              rowKey={(u) => u.id}
              columns={[
                {
                  key: "name",
                  title: t("name"),
                  cell: (u) => (
                    <>
                      {u.name}
                      <small>
                        <code>{u.id}</code>
                        {u.provider ? ` · ${t("provider", { name: u.provider })}` : ""}
                      </small>
                    </>
                  ),
                  sort: (a, b) => a.name.localeCompare(b.name),
                },
                {
                  key: "roles",
                  title: t("roles"),
                  cell: (u) => (
                    <>
                      {u.roles.map((r) => roles.code("role", r)).join(t.lang === "en" ? ", " : "、")}
                      {u.clashes.map((c) => (
                        <small key={c.code} className="due warn">
                          {t("clash")}: {t.code("c", c.code)}
                        </small>
                      ))}
                    </>
                  ),
                },
                {
                  key: "state",
                  title: t("state"),
                  cell: (u) => <Chip tone={tones[u.state]}>{t(`st.${u.state}`)}</Chip>,
                },
                {
                  key: "factor",
                  title: t("factor"),
                  cell: (u) =>
                    u.second_factor
                      ? t("factor.yes")
                      : u.factor_needed
                        ? t("factor.missing")
                        : t("factor.no"),
                },
                {
                  key: "since",
                  title: t("since"),
                  cell: (u) => <Moment at={u.created} />,
                  sort: (a, b) => a.created.localeCompare(b.created),
                },
                {
                  key: "do",
                  title: t("do"),
                  cell: (u) =>
                    u.state === "disabled" || u.id === session.id ? null : <Actions u={u} told={setTold} />,
                },
              ]}
            />
          )}
        </Loaded>
      </Panel>
      <Told invitation={told} onClose={() => setTold(undefined)} />
    </>
  );
}

function Actions({ u, told }: { u: User; told: (i: Invitation) => void }) {
  const w = useWords();
  const t = useTexts(userTexts);
  const renew = useRenew();
  const at = { params: { path: { id: u.id } } };
  const again = () => renew("/v1/users");
  const [roles, setRoles] = useState<readonly Role[]>(u.roles);
  return (
    <div className="actions">
      <Decide
        bare
        small
        label={t("change")}
        title={w.pair(t("change"), u.name)}
        text={t("change.ask")}
        said={t("changed")}
        run={async () => {
          await client.PUT("/v1/users/{id}/roles", { ...at, body: { roles: [...roles] } });
          await again();
        }}
      >
        <Roles value={roles} onChange={setRoles} />
      </Decide>
      <Decide
        bare
        small
        label={t("sessions")}
        title={w.pair(t("sessions"), u.name)}
        text={t("sessions.ask")}
        said={t("signedout")}
        run={() => client.DELETE("/v1/users/{id}/sessions", at)}
      />
      <Decide
        bare
        small
        label={t("reset")}
        title={w.pair(t("reset"), u.name)}
        text={t("reset.ask")}
        run={async () => {
          const { data } = await client.POST("/v1/users/{id}/reset", at);
          if (data) told(data);
          await again();
        }}
      />
      <Decide
        bare
        small
        tone="danger"
        label={t("disable")}
        title={w.pair(t("disable"), u.name)}
        text={t("disable.ask")}
        said={t("disabled")}
        run={async () => {
          await client.POST("/v1/users/{id}/disable", at);
          await again();
        }}
      />
    </div>
  );
}

function Invite({ told }: { told: (i: Invitation) => void }) {
  const t = useTexts(userTexts);
  const renew = useRenew();
  const [id, setID] = useState("");
  const [name, setName] = useState("");
  const [roles, setRoles] = useState<readonly Role[]>([]);
  return (
    <Decide
      bare
      tone="primary"
      label={t("invite")}
      title={t("invite")}
      run={async () => {
        const { data } = await client.POST("/v1/users", { body: { id, name, roles: [...roles] } });
        if (data) told(data);
        setID("");
        setName("");
        setRoles([]);
        await renew("/v1/users");
      }}
    >
      <TextField
        label={t("name")}
        hint={t("name.hint")}
        required
        maxLength={320}
        value={name}
        onChange={setName}
      />
      <TextField
        label={t("id")}
        hint={t("id.hint")}
        required
        mono
        maxLength={63}
        value={id}
        onChange={setID}
      />
      <Roles value={roles} onChange={setRoles} />
    </Decide>
  );
}

function Roles(props: { value: readonly Role[]; onChange: (roles: readonly Role[]) => void }) {
  const t = useTexts(userTexts);
  const names = useTexts(deskTexts);
  return (
    <fieldset className="field">
      <legend>{t("roles")}</legend>
      {staff.map((r) => (
        <CheckField
          key={r}
          label={names(`role.${r}`)}
          value={props.value.includes(r)}
          onChange={(on) => props.onChange(on ? [...props.value, r] : props.value.filter((x) => x !== r))}
        />
      ))}
      {props.value.length === 0 ? <small>{t("role")}</small> : null}
    </fieldset>
  );
}

/** The one-time link, shown once. Only its own button closes it, so that it is not lost by a stray press. */
function Told({ invitation, onClose }: { invitation: Invitation | undefined; onClose: () => void }) {
  const t = useTexts(userTexts);
  const w = useWords();
  const [copied, setCopied] = useState(false);
  const link = invitation ? `${location.origin}${invitation.link}` : "";
  return (
    <Dialog
      keep
      title={t("link")}
      open={invitation !== undefined}
      onClose={() => {
        setCopied(false);
        onClose();
      }}
    >
      {invitation ? (
        <div className="form">
          <p>{t("link.text", { name: invitation.user.name, when: w.moment(invitation.expires) })}</p>
          <code className="one-time">{link}</code>
          <div className="actions">
            <Button
              tone="primary"
              onPress={() => void navigator.clipboard.writeText(link).then(() => setCopied(true))}
            >
              {copied ? t("copied") : t("copy")}
            </Button>
          </div>
        </div>
      ) : null}
    </Dialog>
  );
}
