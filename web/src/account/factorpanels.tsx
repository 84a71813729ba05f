import { useState } from "react";
import { client } from "../api/client";
import { useTexts } from "../i18n/texts";
import { Button } from "../kit/button";
import { ConfirmButton, Dialog } from "../kit/dialog";
import { Chip, Panel } from "../kit/page";
import { Moment } from "../kit/time";
import { AppSetup, KeySetup } from "./factor";
import { Codes } from "./parts";
import { given, type OwnPart } from "./session";
import { mine } from "./texts";

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

/** The authenticator app as a second factor. */
export function AppPanel({ own, reload }: OwnPart) {
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

/** One's passkeys. */
export function KeyPanel({ own, passkey, reload }: OwnPart & { passkey: boolean }) {
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

/** How many recovery codes are left, and new ones. */
export function CodesPanel({ own, reload }: OwnPart) {
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
