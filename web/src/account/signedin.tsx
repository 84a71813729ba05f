import { client, type Schemas } from "../api/client";
import { useTexts } from "../i18n/texts";
import { Button } from "../kit/button";
import { Chip, Panel } from "../kit/page";
import { DataTable } from "../kit/table";
import { Moment } from "../kit/time";
import { useToast } from "../kit/toast";
import { deviceName } from "./device";
import { Trouble, useDoing } from "./parts";
import type { OwnPart } from "./session";
import { mine } from "./texts";

type Device = Schemas["SessionDevice"];

/** Where one is signed in, and the way to end it there. */
export function SignedIn({ own, reload }: OwnPart) {
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
