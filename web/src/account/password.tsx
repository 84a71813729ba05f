import { useState } from "react";
import { client } from "../api/client";
import { useTexts } from "../i18n/texts";
import { Button } from "../kit/button";
import { ConfirmButton } from "../kit/dialog";
import { TextField } from "../kit/fields";
import { Panel } from "../kit/page";
import { Moment } from "../kit/time";
import { useToast } from "../kit/toast";
import { Form, type NewPassword, NewPasswordFields, ready, Trouble, useDoing } from "./parts";
import type { OwnPart } from "./session";
import { mine } from "./texts";

/** One's password: set, changed or, where passkeys stand in for it, dropped. */
export function PasswordPanel({ own, id, reload }: OwnPart & { id: string }) {
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
