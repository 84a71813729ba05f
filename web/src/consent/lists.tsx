import { api } from "../api/client";
import { say, useAct } from "../enrol/act";
import { Refused } from "../enrol/refused";
import { enrol } from "../enrol/texts";
import { type Message, shortName } from "../enrol/types";
import { useTexts } from "../i18n/texts";
import { Button, LinkButton } from "../kit/button";
import { Loaded } from "../kit/loaded";
import { Chip, Panel } from "../kit/page";
import { DataTable } from "../kit/table";
import { Due, Moment } from "../kit/time";
import { Empty } from "../ui/parts";
import { desk } from "./texts";

/** Whoever has to be asked again. */
export function DuePage() {
  const t = useTexts(desk);
  const e = useTexts(enrol);
  const due = api.useQuery("get", "/v1/consents/due");
  return (
    <Panel title={t("due.title")} note={t("due.lead")}>
      <Loaded query={due}>
        {({ consents }) => (
          <DataTable
            caption={t("table", { what: t("due.title") })}
            rows={consents}
            rowKey={(c) => c.id}
            empty={
              <Empty icon="check" title={t("due.none")}>
                {t("due.noneText")}
              </Empty>
            }
            columns={[
              {
                key: "who",
                title: t("due.person"),
                cell: (c) => (
                  <LinkButton small to={`/consent/people/${c.enrollee}`}>
                    {shortName(c.enrollee)}
                  </LinkButton>
                ),
              },
              { key: "what", title: t("consents.what"), cell: (c) => e.code("purpose", c.purpose) },
              {
                key: "state",
                title: t("consents.state"),
                cell: (c) => (
                  <Chip tone={c.state === "active" ? "good" : "warn"}>{e.code("state", c.state)}</Chip>
                ),
              },
              { key: "why", title: t("due.reason"), cell: (c) => c.reason ?? "" },
              {
                key: "until",
                title: t("consents.until"),
                cell: (c) => <Due at={c.expires_at} soon={30} />,
                sort: (a, b) => a.expires_at.localeCompare(b.expires_at),
              },
            ]}
          />
        )}
      </Loaded>
    </Panel>
  );
}

/** What people must be told. */
export function MessagesPage() {
  const t = useTexts(desk);
  const act = useAct();
  const messages = api.useQuery("get", "/v1/messages");
  const told = (m: Message) =>
    act.run(async () => {
      await say(`/v1/enrollees/${m.enrollee}/messages/${m.id}/read`, undefined);
      await messages.refetch();
    });
  return (
    <Panel title={t("msg.title")} note={t("msg.lead")}>
      <Refused error={act.error} onRetry={act.again} />
      <Loaded query={messages}>
        {({ messages: all }) => (
          <DataTable
            caption={t("table", { what: t("msg.title") })}
            rows={all}
            rowKey={(m) => m.id}
            empty={
              <Empty icon="check" title={t("msg.none")}>
                {t("msg.noneText")}
              </Empty>
            }
            columns={[
              {
                key: "who",
                title: t("due.person"),
                cell: (m) => (
                  <LinkButton small to={`/consent/people/${m.enrollee}`}>
                    {shortName(m.enrollee)}
                  </LinkButton>
                ),
              },
              {
                key: "what",
                title: t("msg.what"),
                cell: (m) => t.code("msg", m.kind).replace("{object}", m.object),
              },
              { key: "at", title: t("msg.when"), cell: (m) => <Moment at={m.created_at} ago /> },
              {
                key: "told",
                title: t("msg.told"),
                cell: (m) => (
                  <Button small onPress={() => void told(m)} disabled={act.busy}>
                    {t("msg.told")}
                  </Button>
                ),
              },
            ]}
          />
        )}
      </Loaded>
    </Panel>
  );
}
