import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { client, RequestError, type Schemas } from "../api/client";
import { deskTexts } from "../desks/texts";
import { useTexts } from "../i18n/texts";
import { Button, LinkButton } from "../kit/button";
import { Failure } from "../kit/failure";
import { TextField } from "../kit/fields";
import { Facts } from "../kit/page";
import { Moment } from "../kit/time";
import { Loading } from "../ui/parts";
import { Enrol } from "./factor";
import { Card, Form, type NewPassword, NewPasswordFields, ready, Trouble, useDoing } from "./parts";
import { type Answer, given, take, useAnswer, useOwnDocument } from "./session";
import { mine } from "./texts";

type Link = Schemas["SessionLinkAnswer"];

/** Takes up a one-time link: the first administrator's, an invitation, or a reset. */
export default function Setup() {
  useOwnDocument();
  const t = useTexts(mine);
  const [link] = useState(() => location.hash.slice(1));
  const session = useAnswer(); // its token, should somebody be signed in here
  const [arrived, setArrived] = useState<Answer>();
  const query = useQuery({
    queryKey: ["link", link],
    queryFn: async () => given((await client.POST("/v1/setup/look", { body: { link } })).data),
    enabled: link !== "" && session.data !== undefined && !arrived,
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  // A secret does not stay in the address once the page has it.
  useEffect(() => {
    if (arrived) history.replaceState(null, "", "/setup");
  }, [arrived]);
  if (arrived?.second_factor.needed)
    return (
      <Card title={t("enrol.title")}>
        <Enrol passkey={arrived.sign_in.passkey} onDone={() => location.assign("/")} />
      </Card>
    );
  if (link === "") return <Dead title={t("setup.none")} text={t("setup.noneText")} />;
  const failed = session.error ?? query.error;
  if (failed instanceof RequestError && failed.status === 410)
    return <Dead title={t("setup.gone")} text={t("setup.goneText")} />;
  if (failed)
    return (
      <Card title={t("setup.title")}>
        <Failure error={failed} onRetry={() => void (session.error ? session.refetch() : query.refetch())} />
      </Card>
    );
  if (!query.data)
    return (
      <Card title={t("setup.title")}>
        <Loading />
      </Card>
    );
  const kind = query.data.kind;
  return (
    <Card title={t(`${kind}.title`)} lead={t(`${kind}.lead`)}>
      <TakeUp
        token={link}
        link={query.data}
        onDone={(a) => (a.second_factor.needed ? setArrived(a) : location.assign("/"))}
      />
    </Card>
  );
}

function Dead({ title, text }: { title: string; text: string }) {
  const t = useTexts(mine);
  return (
    <Card title={title} lead={text}>
      <LinkButton to="/signin" document>
        {t("in.title")}
      </LinkButton>
    </Card>
  );
}

function TakeUp({ token, link, onDone }: { token: string; link: Link; onDone: (a: Answer) => void }) {
  const t = useTexts(mine);
  const roleOf = useTexts(deskTexts);
  const { busy, error, run } = useDoing();
  const [id, setID] = useState(link.id);
  const [name, setName] = useState(link.name);
  const [password, setPassword] = useState<NewPassword>({ value: "", again: "" });
  const first = link.kind === "setup";
  const send = () =>
    void run("send", async () => {
      const done = await client.POST("/v1/setup", {
        body: { link: token, password: password.value, ...(first ? { id, name: name.trim() } : {}) },
      });
      onDone(take(done.data));
    });
  return (
    <Form onSend={send}>
      {first ? (
        <>
          <TextField
            label={t("setup.id")}
            hint={t("setup.idHint")}
            value={id}
            onChange={(v) => setID(v.toLowerCase().replace(/[^a-z0-9._-]/g, ""))}
            autoComplete="username"
            maxLength={63}
            focus
            required
          />
          <TextField
            label={t("setup.name")}
            hint={t("setup.nameHint")}
            value={name}
            onChange={setName}
            autoComplete="name"
            maxLength={80}
            required
          />
        </>
      ) : (
        <Facts
          rows={[
            [t("my.id"), link.id],
            [t("my.name"), link.name],
            [t("my.roles"), link.roles.map((r) => roleOf.code("role", r)).join(", ")],
            [t("setup.until"), <Moment key="until" at={link.expires} />],
          ]}
        />
      )}
      <NewPasswordFields value={password} onChange={setPassword} id={id} focus={!first} />
      <Trouble error={error} />
      <Button
        submit
        tone="primary"
        pending={busy !== ""}
        disabled={!ready(password, id) || (first && (!id || !name.trim()))}
      >
        {t("setup.go")}
      </Button>
    </Form>
  );
}
