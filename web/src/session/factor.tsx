import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { client, RequestError } from "../api/client";
import { useTexts } from "../i18n/texts";
import { Button, LinkButton } from "../kit/button";
import { Dialog } from "../kit/dialog";
import { Failure } from "../kit/failure";
import { TextField } from "../kit/fields";
import { Icon } from "../ui/icons";
import { Loading } from "../ui/parts";
import { factorTexts } from "./factortexts";
import { given, PasskeyRefused, showPasskey, take } from "./passkey";

/** The dialog that asks for a second factor, and why. */
export default function AskFactor({ onDone }: { onDone: (given: boolean) => void }) {
  const t = useTexts(factorTexts);
  const own = useQuery({
    queryKey: ["session", "factor"],
    queryFn: async () => given((await client.GET("/v1/session/account")).data),
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });
  const nobody = own.error instanceof RequestError && own.error.status === 401;
  return (
    <Dialog title={t("title")} open onClose={() => onDone(false)}>
      <p>{t("why")}</p>
      {own.isPending ? <Loading rows={2} /> : null}
      {nobody ? (
        <WayOut text={t("signin")} label={t("signin.go")} to="/signin" />
      ) : own.error ? (
        <Failure error={own.error} onRetry={() => void own.refetch()} />
      ) : null}
      {own.data ? (
        own.data.totp || own.data.recovery > 0 || own.data.passkeys.length > 0 ? (
          <Giving
            code={own.data.totp || own.data.recovery > 0}
            passkey={own.data.passkeys.length > 0}
            onGiven={() => onDone(true)}
          />
        ) : (
          <WayOut text={t("none")} label={t("none.go")} to="/account" />
        )
      ) : null}
    </Dialog>
  );
}

function WayOut({ text, label, to }: { text: string; label: string; to: string }) {
  return (
    <>
      <p>{text}</p>
      <div className="kit-dialog-foot">
        <LinkButton tone="primary" to={to} document>
          {label}
        </LinkButton>
      </div>
    </>
  );
}

function Giving({ code, passkey, onGiven }: { code: boolean; passkey: boolean; onGiven: () => void }) {
  const t = useTexts(factorTexts);
  const [text, setText] = useState("");
  const [busy, setBusy] = useState<"" | "code" | "key">("");
  const [error, setError] = useState<unknown>();
  const run = async (what: "code" | "key", give: () => Promise<unknown>) => {
    setBusy(what);
    setError(undefined);
    try {
      await give();
      onGiven();
    } catch (err) {
      setError(err);
      setBusy("");
    }
  };
  const send = (event: FormEvent) => {
    event.preventDefault();
    void run("code", async () =>
      take(
        (await client.POST("/v1/session/second-factor", { body: { code: text.replace(/\s/g, "") } })).data,
      ),
    );
  };
  return (
    <form className="form" onSubmit={send}>
      {code ? (
        <TextField
          label={t("code")}
          hint={t("code.hint")}
          value={text}
          onChange={setText}
          autoComplete="one-time-code"
          maxLength={32}
          mono
          focus
        />
      ) : null}
      {error ? (
        <div className="note bad" role="alert">
          <Icon name="warn" />
          <div>{said(t, error)}</div>
        </div>
      ) : null}
      <div className="kit-dialog-foot">
        {passkey ? (
          <Button
            tone={code ? "plain" : "primary"}
            pending={busy === "key"}
            disabled={busy === "code"}
            onPress={() => void run("key", showPasskey)}
          >
            {t("passkey")}
          </Button>
        ) : null}
        {code ? (
          <Button
            submit
            tone="primary"
            pending={busy === "code"}
            disabled={busy === "key" || text.replace(/\s/g, "").length < 6}
          >
            {t("go")}
          </Button>
        ) : null}
      </div>
    </form>
  );
}

/** Why it was not taken, in the reader's words. */
function said(t: ReturnType<typeof useTexts<keyof (typeof factorTexts)["en"]>>, error: unknown): string {
  if (error instanceof PasskeyRefused) return t("err.passkey");
  if (!(error instanceof RequestError)) return t("err.other");
  if (error.status === 0) return t("err.0");
  const text = t.code("err", error.code);
  return text === error.code ? t("err.other") : text;
}
