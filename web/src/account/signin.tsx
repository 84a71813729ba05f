import { useState } from "react";
import { useSearchParams } from "react-router";
import { client, type Schemas } from "../api/client";
import { useTexts } from "../i18n/texts";
import { Button, LinkButton } from "../kit/button";
import { Failure } from "../kit/failure";
import { TextField } from "../kit/fields";
import { Icon } from "../ui/icons";
import { Loading } from "../ui/parts";
import { Enrol } from "./factor";
import { Card, Form, Trouble, useDoing } from "./parts";
import { type Answer, destination, showPasskey, take, useAnswer, useOwnDocument } from "./session";
import { mine } from "./texts";

type Ways = Schemas["SessionWays"];

/** Signs in: password, second factor, passkey or identity provider. */
export default function SignIn() {
  useOwnDocument();
  const t = useTexts(mine);
  const [search] = useSearchParams();
  const query = useAnswer();
  const [newer, setNewer] = useState<Answer>();
  const [other, setOther] = useState(search.has("again"));
  const then = destination(search.get("then"));
  const answer = newer ?? query.data;
  // The document goes with the address: its permissions differ from ours.
  const leave = () => location.assign(then);
  const arrived = (a: Answer) => {
    setNewer(a);
    if (!a.second_factor.needed) leave();
  };
  if (!answer)
    return (
      <Card title={t("in.title")}>
        {query.error ? <Failure error={query.error} onRetry={() => void query.refetch()} /> : <Loading />}
      </Card>
    );
  if (answer.second_factor.needed)
    return answer.second_factor.enrolled ? (
      <Card title={t("factor.title")} lead={t("factor.lead")}>
        <SecondFactor passkey={answer.sign_in.passkey} onDone={arrived} />
      </Card>
    ) : (
      <Card title={t("enrol.title")}>
        <Enrol passkey={answer.sign_in.passkey} onDone={leave} />
      </Card>
    );
  if (answer.demo)
    return (
      <Card title={t("in.title")} lead={t("in.demo")}>
        <LinkButton to="/" tone="primary" document>
          {t("in.continue")}
        </LinkButton>
      </Card>
    );
  if (answer.known && !other)
    return (
      <Card title={t("in.title")} lead={t("in.already", { name: answer.name })}>
        <div className="actions">
          <LinkButton to={then} tone="primary" document>
            {t("in.continue")}
          </LinkButton>
          <Button onPress={() => setOther(true)}>{t("in.other")}</Button>
        </div>
      </Card>
    );
  return (
    <Card title={t("in.title")} lead={search.has("then") ? t("in.then") : t("in.lead")}>
      <Notes ways={answer.sign_in} failed={search.get("failed")} />
      <WaysIn ways={answer.sign_in} then={then} known={answer.known ? answer.id : ""} onDone={arrived} />
    </Card>
  );
}

/** What whoever signs in should know before. */
function Notes({ ways, failed }: { ways: Ways; failed: string | null }) {
  const t = useTexts(mine);
  return (
    <>
      {failed ? (
        <div className="note bad" role="alert">
          <Icon name="warn" />
          <div>{t.code("failed", failed) === failed ? t("err.other") : t.code("failed", failed)}</div>
        </div>
      ) : null}
      {ways.setup ? (
        <div className="note warn">
          <Icon name="info" />
          <div>{t("in.setup")}</div>
        </div>
      ) : null}
      {ways.required ? null : (
        <div className="note info">
          <Icon name="info" />
          <div>{t("in.open")}</div>
        </div>
      )}
    </>
  );
}

function WaysIn(props: { ways: Ways; then: string; known: string; onDone: (a: Answer) => void }) {
  const t = useTexts(mine);
  const { busy, error, run } = useDoing();
  const [id, setID] = useState(props.known);
  const [password, setPassword] = useState("");
  const send = () =>
    void run("password", async () => {
      const done = await client.POST("/v1/session", { body: { id: id.trim().toLowerCase(), password } });
      setPassword("");
      props.onDone(take(done.data));
    });
  return (
    <>
      <Form onSend={send}>
        <TextField
          label={t("in.id")}
          value={id}
          onChange={setID}
          autoComplete="username"
          maxLength={63}
          focus
          required
        />
        <TextField
          label={t("in.password")}
          type="password"
          value={password}
          onChange={setPassword}
          autoComplete="current-password"
          maxLength={256}
          required
        />
        <Trouble error={error} />
        <Button submit tone="primary" pending={busy === "password"} disabled={!id.trim() || !password}>
          {t("in.go")}
        </Button>
      </Form>
      {props.ways.passkey || props.ways.oidc.length > 0 ? <p className="or">{t("in.or")}</p> : null}
      <div className="ways">
        {props.ways.passkey ? (
          <Button
            pending={busy === "passkey"}
            onPress={() => void run("passkey", async () => props.onDone(await showPasskey()))}
          >
            {t("in.passkey")}
          </Button>
        ) : null}
        {props.ways.oidc.map((p) => (
          <LinkButton
            key={p.id}
            document
            to={`/v1/session/oidc/${encodeURIComponent(p.id)}/start?then=${encodeURIComponent(props.then)}`}
          >
            {t("in.through", { label: p.label })}
          </LinkButton>
        ))}
      </div>
      <p className="field-hint">{t("in.forgot")}</p>
    </>
  );
}

/** Asks for the second factor; whoever has lost it gives a recovery code. */
export function SecondFactor(props: { passkey: boolean; onDone: (a: Answer) => void; stay?: boolean }) {
  const t = useTexts(mine);
  const { busy, error, run } = useDoing();
  const [code, setCode] = useState("");
  const send = () =>
    void run("code", async () => {
      const done = await client.POST("/v1/session/second-factor", { body: { code: code.trim() } });
      props.onDone(take(done.data));
    });
  const cancel = () =>
    void run("cancel", async () => {
      await client.DELETE("/v1/session");
      location.assign("/signin");
    });
  return (
    <Form onSend={send}>
      <TextField
        label={t("factor.code")}
        value={code}
        onChange={setCode}
        autoComplete="one-time-code"
        maxLength={32}
        mono
        focus
        required
      />
      <Trouble error={error} />
      <div className="actions">
        <Button submit tone="primary" pending={busy === "code"} disabled={code.trim().length < 6}>
          {t("factor.go")}
        </Button>
        {props.passkey ? (
          <Button
            pending={busy === "passkey"}
            onPress={() => void run("passkey", async () => props.onDone(await showPasskey()))}
          >
            {t("factor.passkey")}
          </Button>
        ) : null}
        {props.stay ? null : (
          <Button tone="quiet" pending={busy === "cancel"} onPress={cancel}>
            {t("factor.cancel")}
          </Button>
        )}
      </div>
    </Form>
  );
}
