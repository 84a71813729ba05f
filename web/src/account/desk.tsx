import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, client, type Schemas } from "../api/client";
import { deskTexts } from "../desks/texts";
import { useTexts } from "../i18n/texts";
import { Button, LinkButton } from "../kit/button";
import { ConfirmButton, Dialog } from "../kit/dialog";
import { TextField } from "../kit/fields";
import { Loaded } from "../kit/loaded";
import { Chip, Facts, PageHead, Panel } from "../kit/page";
import { DataTable } from "../kit/table";
import { Moment } from "../kit/time";
import { useToast } from "../kit/toast";
import { Icon } from "../ui/icons";
import { deviceName } from "./device";
import { AppSetup, KeySetup } from "./factor";
import { Codes, Form, type NewPassword, NewPasswordFields, ready, Trouble, useDoing } from "./parts";
import { type Answer, given, type Own, useAnswer, useOwnDocument } from "./session";
import { SecondFactor } from "./signin";
import { mine } from "./texts";

/** One's own account: how one signs in, and where one is signed in. */
export default function Desk() {
  useOwnDocument();
  const t = useTexts(mine);
  const session = useAnswer();
  return (
    <div className="desk">
      <PageHead title={t("my.title")} lead={t("my.lead")} />
      <Loaded query={session}>{(a) => <Mine answer={a} />}</Loaded>
    </div>
  );
}

function Mine({ answer }: { answer: Answer }) {
  const t = useTexts(mine);
  const roleOf = useTexts(deskTexts);
  const who = (
    <Panel title={t("my.who")}>
      <Facts
        rows={[
          [t("my.id"), <code key="id">{answer.id}</code>],
          [t("my.name"), answer.name],
          [t("my.roles"), answer.roles.map((r) => roleOf.code("role", r)).join(", ")],
        ]}
      />
    </Panel>
  );
  if (answer.via !== "session")
    return (
      <>
        {answer.known ? who : null}
        <div className="note info">
          <Icon name="info" />
          <div>{t(answer.demo ? "my.demo" : "my.token")}</div>
          {answer.demo || answer.known ? null : (
            <LinkButton small to="/signin?then=/account" document>
              {t("in.title")}
            </LinkButton>
          )}
        </div>
      </>
    );
  return (
    <>
      {who}
      <Secured answer={answer} />
    </>
  );
}

function Secured({ answer }: { answer: Answer }) {
  const t = useTexts(mine);
  const query = api.useQuery("get", "/v1/session/account");
  const queries = useQueryClient();
  const reload = () => queries.invalidateQueries({ queryKey: ["get", "/v1/session/account"] });
  if (answer.demo)
    return (
      <div className="note info">
        <Icon name="info" />
        <div>{t("my.demo")}</div>
      </div>
    );
  return (
    <Loaded query={query} rows={6}>
      {(own) => (
        <>
          {own.fresh ? null : <Stale own={own} answer={answer} onDone={reload} />}
          <div className="columns">
            {own.provider ? null : <PasswordPanel own={own} id={answer.id} reload={reload} />}
            <AppPanel own={own} reload={reload} />
            <KeyPanel own={own} passkey={answer.sign_in.passkey} reload={reload} />
            {own.totp || own.passkeys.length > 0 ? <CodesPanel own={own} reload={reload} /> : null}
          </div>
          <Sessions own={own} reload={reload} />
        </>
      )}
    </Loaded>
  );
}

type PartProps = { own: Own; reload: () => Promise<unknown> };

/** Asks for a fresh proof before anything can be changed. */
function Stale({ own, answer, onDone }: { own: Own; answer: Answer; onDone: () => Promise<unknown> }) {
  const t = useTexts(mine);
  const [open, setOpen] = useState(false);
  const factor = own.totp || own.passkeys.length > 0;
  return (
    <div className="note warn">
      <Icon name="info" />
      <div>{t("my.stale")}</div>
      {factor ? (
        <Button small onPress={() => setOpen(true)}>
          {t("factor.title")}
        </Button>
      ) : (
        <LinkButton small to="/signin?again=1&then=/account" document>
          {t("my.again")}
        </LinkButton>
      )}
      <Dialog title={t("factor.title")} open={open} onClose={() => setOpen(false)}>
        <p>{t("factor.lead")}</p>
        <SecondFactor
          stay
          passkey={answer.sign_in.passkey && own.passkeys.length > 0}
          onDone={() => {
            setOpen(false);
            void onDone();
          }}
        />
      </Dialog>
    </div>
  );
}

function PasswordPanel({ own, id, reload }: PartProps & { id: string }) {
  const t = useTexts(mine);
  const say = useToast();
  const { busy, error, run } = useDoing();
  const [current, setCurrent] = useState("");
  const [password, setPassword] = useState<NewPassword>({ value: "", again: "" });
  const change = () =>
    void run("password", async () => {
      await client.PUT("/v1/session/password", {
        body: { password: password.value, ...(own.password ? { current } : {}) },
      });
      setCurrent("");
      setPassword({ value: "", again: "" });
      say(t("pass.changed"));
      await reload();
    });
  const drop = async () => {
    await client.DELETE("/v1/session/password");
    say(t("done"));
    await reload();
  };
  return (
    <Panel
      title={t("pass.title")}
      note={
        own.password ? (
          <>
            {t("pass.set")} <Moment at={own.password_set} ago />
          </>
        ) : (
          t("pass.none")
        )
      }
      actions={
        own.password && own.passkeys.length > 0 ? (
          <ConfirmButton
            small
            tone="danger"
            disabled={!own.fresh}
            label={t("pass.drop")}
            title={t("pass.dropTitle")}
            text={t("pass.dropText")}
            run={drop}
          />
        ) : undefined
      }
    >
      <Form onSend={change}>
        {own.password ? (
          <TextField
            label={t("pass.current")}
            type="password"
            value={current}
            onChange={setCurrent}
            autoComplete="current-password"
            required
          />
        ) : null}
        <NewPasswordFields value={password} onChange={setPassword} id={id} />
        <Trouble error={error} />
        <div className="actions">
          <Button
            submit
            pending={busy !== ""}
            disabled={!ready(password, id) || (own.password ? !current : !own.fresh)}
          >
            {t("pass.change")}
          </Button>
        </div>
      </Form>
    </Panel>
  );
}

/** A dialog that ends with recovery codes where there are new ones. */
function Adding(props: {
  title: string;
  label: string;
  disabled: boolean;
  reload: () => Promise<unknown>;
  children: (done: (codes: readonly string[]) => void) => React.ReactNode;
}) {
  const [open, setOpen] = useState(false);
  const [codes, setCodes] = useState<readonly string[]>();
  const close = () => {
    setOpen(false);
    setCodes(undefined);
    void props.reload();
  };
  return (
    <>
      <Button small disabled={props.disabled} onPress={() => setOpen(true)}>
        {props.label}
      </Button>
      <Dialog title={props.title} open={open} onClose={close} keep={codes !== undefined}>
        {codes ? (
          <Codes codes={codes} onDone={close} />
        ) : (
          props.children((made) => (made.length > 0 ? setCodes(made) : close()))
        )}
      </Dialog>
    </>
  );
}

function AppPanel({ own, reload }: PartProps) {
  const t = useTexts(mine);
  const remove = async () => {
    await client.DELETE("/v1/session/totp");
    await reload();
  };
  return (
    <Panel
      title={t("app.title")}
      {...(own.factor_needed ? { note: t("two.needed") } : {})}
      actions={
        <>
          <Adding
            title={t("app.title")}
            label={own.totp ? t("app.replace") : t("app.add")}
            disabled={!own.fresh}
            reload={reload}
          >
            {(done) => <AppSetup onDone={done} begun />}
          </Adding>
          {own.totp ? (
            <ConfirmButton
              small
              tone="danger"
              disabled={!own.fresh}
              label={t("app.remove")}
              title={t("app.title")}
              text={t("app.removeText")}
              run={remove}
            />
          ) : null}
        </>
      }
    >
      <Chip tone={own.totp ? "good" : "muted"}>{own.totp ? t("app.on") : t("app.off")}</Chip>
    </Panel>
  );
}

function KeyPanel({ own, passkey, reload }: PartProps & { passkey: boolean }) {
  const t = useTexts(mine);
  return (
    <Panel
      title={t("key.title")}
      note={passkey ? t("key.note") : t("key.address")}
      actions={
        passkey ? (
          <Adding title={t("key.add")} label={t("key.add")} disabled={!own.fresh} reload={reload}>
            {(done) => <KeySetup onDone={done} />}
          </Adding>
        ) : undefined
      }
    >
      {own.passkeys.length === 0 ? (
        <p>{t("key.none")}</p>
      ) : (
        <ul className="keys">
          {own.passkeys.map((k) => (
            <li key={k.id}>
              <div>
                <strong>{k.label}</strong>
                <small className="field-hint">
                  {k.used ? (
                    <>
                      {t("key.used")} <Moment at={k.used} ago />
                    </>
                  ) : (
                    t("key.never")
                  )}
                </small>
              </div>
              <ConfirmButton
                small
                tone="danger"
                disabled={!own.fresh}
                label={t("key.remove")}
                title={t("key.removeTitle")}
                text={t("key.removeText", { label: k.label })}
                run={async () => {
                  await client.DELETE("/v1/session/passkeys/{id}", { params: { path: { id: k.id } } });
                  await reload();
                }}
              />
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function CodesPanel({ own, reload }: PartProps) {
  const t = useTexts(mine);
  const [codes, setCodes] = useState<readonly string[]>();
  const renew = async () => setCodes(given((await client.POST("/v1/session/recovery")).data).codes);
  return (
    <Panel
      title={t("codes.title")}
      note={t("codes.note")}
      actions={
        <ConfirmButton
          small
          disabled={!own.fresh}
          label={t("codes.renew")}
          title={t("codes.renew")}
          text={t("codes.renewText")}
          run={renew}
        />
      }
    >
      {codes ? (
        <Codes
          codes={codes}
          onDone={() => {
            setCodes(undefined);
            void reload();
          }}
        />
      ) : (
        <Chip tone={own.recovery > 2 ? "good" : "warn"}>{t("codes.left", { n: own.recovery })}</Chip>
      )}
    </Panel>
  );
}

type Device = Schemas["SessionDevice"];

function Sessions({ own, reload }: PartProps) {
  const t = useTexts(mine);
  const say = useToast();
  const { busy, error, run } = useDoing();
  const end = (d: Device) =>
    void run(d.id, async () => {
      await client.DELETE("/v1/session/sessions/{id}", { params: { path: { id: d.id } } });
      if (d.current) {
        location.assign("/signin");
        return; // nothing of this account can be asked for any more
      }
      say(t("sess.ended"));
      await reload();
    });
  const all = () =>
    void run("all", async () => {
      await client.DELETE("/v1/session/sessions");
      say(t("sess.ended"));
      await reload();
    });
  return (
    <Panel
      title={t("sess.title")}
      actions={
        <Button small pending={busy === "all"} disabled={own.sessions.length < 2} onPress={all}>
          {t("sess.all")}
        </Button>
      }
    >
      <Trouble error={error} />
      <DataTable
        caption={t("sess.table")}
        rows={own.sessions}
        rowKey={(d) => d.id}
        columns={[
          {
            key: "device",
            title: t("sess.device"),
            cell: (d) => (
              <>
                <span title={d.device}>{deviceName(d.device)}</span>{" "}
                {d.current ? <Chip tone="good">{t("sess.here")}</Chip> : null}
              </>
            ),
          },
          { key: "way", title: t("sess.way"), cell: (d) => t.code("way", d.method) },
          { key: "since", title: t("sess.since"), cell: (d) => <Moment at={d.created} /> },
          { key: "seen", title: t("sess.seen"), cell: (d) => <Moment at={d.seen} ago /> },
          {
            key: "end",
            title: t("sess.end"),
            cell: (d) => (
              <Button small pending={busy === d.id} onPress={() => end(d)}>
                {t("sess.end")}
              </Button>
            ),
          },
        ]}
      />
    </Panel>
  );
}
