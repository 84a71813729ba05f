import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../api/client";
import { deskTexts } from "../desks/texts";
import { useTexts } from "../i18n/texts";
import { Button, LinkButton } from "../kit/button";
import { Dialog } from "../kit/dialog";
import { Loaded } from "../kit/loaded";
import { Facts, PageHead, Panel } from "../kit/page";
import { Icon } from "../ui/icons";
import { AppPanel, CodesPanel, KeyPanel } from "./factorpanels";
import { PasswordPanel } from "./password";
import { type Answer, type Own, useAnswer, useOwnDocument } from "./session";
import { SignedIn } from "./signedin";
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
          <SignedIn own={own} reload={reload} />
        </>
      )}
    </Loaded>
  );
}

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
