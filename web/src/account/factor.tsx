import { useEffect, useRef, useState } from "react";
import { client } from "../api/client";
import { QR } from "../enrol/qr";
import { useTexts } from "../i18n/texts";
import { Button } from "../kit/button";
import { TextField } from "../kit/fields";
import { Codes, Form, Trouble, useDoing } from "./parts";
import { type Answer, addPasskey, given, take } from "./session";
import { mine } from "./texts";

/** Sets an authenticator app up: its code is scanned, and one of its own given back. */
export function AppSetup({
  onDone,
  begun = false,
}: {
  onDone: (codes: readonly string[], session: Answer) => void;
  /** Whether somebody has asked for it already, so that no button asks again. */
  begun?: boolean;
}) {
  const t = useTexts(mine);
  const { busy, error, run } = useDoing();
  const [secret, setSecret] = useState<{ address: string; secret: string }>();
  const [code, setCode] = useState("");
  const begin = () =>
    void run("app", async () => setSecret(given((await client.POST("/v1/session/totp")).data)));
  const pending = useRef(begun ? begin : undefined);
  useEffect(() => {
    pending.current?.();
    pending.current = undefined;
  }, []);
  if (!secret)
    return (
      <div className="form">
        <Trouble error={error} />
        <div className="actions">
          <Button tone="primary" pending={busy !== ""} onPress={begin}>
            {t("app.add")}
          </Button>
        </div>
      </div>
    );
  const confirm = () =>
    void run("app", async () => {
      const done = given(
        (await client.PUT("/v1/session/totp", { body: { code: code.replace(/\s/g, "") } })).data,
      );
      onDone(done.codes, take(done.session));
    });
  return (
    <Form onSend={confirm}>
      <p>{t("app.scan")}</p>
      <div className="app-code">
        <QR text={secret.address} label={t("app.qr")} />
        <p>
          {t("app.secret")}
          <code className="secret">{secret.secret.match(/.{1,4}/g)?.join(" ")}</code>
        </p>
      </div>
      <TextField
        label={t("app.code")}
        value={code}
        onChange={setCode}
        autoComplete="one-time-code"
        maxLength={7}
        mono
        focus
        required
      />
      <Trouble error={error} />
      <div className="actions">
        <Button submit tone="primary" pending={busy !== ""} disabled={code.replace(/\D/g, "").length !== 6}>
          {t("app.confirm")}
        </Button>
      </div>
    </Form>
  );
}

/** Adds a passkey under a name of its owner's. */
export function KeySetup({ onDone }: { onDone: (codes: readonly string[], session: Answer) => void }) {
  const t = useTexts(mine);
  const { busy, error, run } = useDoing();
  const [label, setLabel] = useState("");
  const create = () =>
    void run("key", async () => {
      const done = await addPasskey(label.trim() || t("key.default"));
      onDone(done.codes, take(done.session));
    });
  return (
    <Form onSend={create}>
      <TextField
        label={t("key.label")}
        hint={t("key.labelHint")}
        value={label}
        onChange={setLabel}
        placeholder={t("key.default")}
        maxLength={80}
      />
      <Trouble error={error} />
      <div className="actions">
        <Button submit pending={busy !== ""}>
          {t("key.create")}
        </Button>
      </div>
    </Form>
  );
}

/** Has somebody whose roles need it set up a second factor, then go on. */
export function Enrol({ passkey, onDone }: { passkey: boolean; onDone: () => void }) {
  const t = useTexts(mine);
  const [codes, setCodes] = useState<readonly string[]>();
  if (codes) return <Codes codes={codes} onDone={onDone} />;
  const done = (made: readonly string[]) => (made.length > 0 ? setCodes(made) : onDone());
  return (
    <div className="form">
      <p>{t("enrol.lead")}</p>
      <section className="choice">
        <h2>{t("app.title")}</h2>
        <AppSetup onDone={done} />
      </section>
      {passkey ? (
        <section className="choice">
          <h2>{t("key.title")}</h2>
          <p className="field-hint">{t("key.note")}</p>
          <KeySetup onDone={done} />
        </section>
      ) : null}
    </div>
  );
}
