import { api } from "../api/client";
import { say, useAct } from "../enrol/act";
import { Refused } from "../enrol/refused";
import type { Message } from "../enrol/types";
import { useTexts } from "../i18n/texts";
import { Button } from "../kit/button";
import { Loaded } from "../kit/loaded";
import { Chip, Panel } from "../kit/page";
import { Moment } from "../kit/time";
import { Empty } from "../ui/parts";
import { me } from "./texts";

/** What a person must be told. */
export function MessagesPage({ id }: { id: string }) {
  const t = useTexts(me);
  const act = useAct();
  const list = api.useQuery("get", "/v1/enrollees/{id}/messages", { params: { path: { id } } });
  const read = (m: Message) =>
    act.run(async () => {
      await say(`/v1/enrollees/${id}/messages/${m.id}/read`, undefined);
      await list.refetch();
    });
  return (
    <Panel title={t("m.title")}>
      <Refused error={act.error} onRetry={act.again} />
      <Loaded
        query={list}
        isEmpty={(d) => d.messages.length === 0}
        empty={
          <Empty icon="note" title={t("m.none")}>
            {t("m.noneText")}
          </Empty>
        }
      >
        {({ messages }) => (
          <ul className="me-cards">
            {messages.map((m) => (
              <li key={m.id} className="me-card">
                <div className="me-card-head">
                  <Moment at={m.created_at} ago />
                  {m.read_at ? null : <Chip tone="warn">{t("m.new")}</Chip>}
                </div>
                <p>{t.code("m", m.kind).replace("{object}", m.object)}</p>
                {m.read_at ? null : (
                  <div className="actions">
                    <Button small onPress={() => void read(m)} disabled={act.busy}>
                      {t("m.read")}
                    </Button>
                  </div>
                )}
              </li>
            ))}
          </ul>
        )}
      </Loaded>
    </Panel>
  );
}
