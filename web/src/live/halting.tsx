import { useEffect, useState } from "react";
import { type Camera, client } from "../api/client";
import { useTexts } from "../i18n/texts";
import { Button } from "../kit/button";
import { Dialog } from "../kit/dialog";
import { Failure } from "../kit/failure";
import { RadioField, TextArea } from "../kit/fields";
import { useSending } from "../kit/sending";
import { kit } from "../kit/texts";
import { useToast } from "../kit/toast";
import { Icon } from "../ui/icons";
import { isTyping } from "../ui/shell";
import { useHalt } from "./halt";
import { haltTexts } from "./halttexts";

/** The way to halt recognition, by pointer or by the key H; gone while everything is halted. */
export function HaltControl({ cameras }: { cameras: readonly Camera[] | undefined }) {
  const t = useTexts(haltTexts);
  const { now, mayHalt } = useHalt();
  const [open, setOpen] = useState(false);
  const offered = mayHalt && !now?.on;
  useEffect(() => {
    if (!offered) return;
    const onKey = (e: KeyboardEvent) => {
      if (e.key.toLowerCase() !== "h" || e.ctrlKey || e.metaKey || e.altKey || isTyping(e.target)) return;
      if (document.querySelector("dialog[open], [role=dialog]")) return;
      e.preventDefault();
      // A window above the page is not seen while a part of the page fills the screen.
      if (document.fullscreenElement) void document.exitFullscreen();
      setOpen(true);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [offered]);
  if (!offered && !open) return null;
  return (
    <div className="halt-control" title={t("key")}>
      <Button small onPress={() => setOpen(true)}>
        <Icon name="mask" size={14} />
        {t("open")}
      </Button>
      <Dialog title={t("title")} open={open} onClose={() => setOpen(false)}>
        <HaltForm cameras={cameras ?? []} onDone={() => setOpen(false)} />
      </Dialog>
    </div>
  );
}

/** What is halted and why; the last button does it. */
function HaltForm({ cameras, onDone }: { cameras: readonly Camera[]; onDone: () => void }) {
  const t = useTexts(haltTexts);
  const k = useTexts(kit);
  const say = useToast();
  const { renew } = useHalt();
  const { busy, error, send } = useSending();
  const [what, setWhat] = useState("all");
  const [reason, setReason] = useState("");
  const zones = liveZones(cameras);
  const zone = zones.find((z) => z.id === what)?.id;
  const halt = async () => {
    const body = { reason: reason.trim() };
    const done = await send(() =>
      zone === undefined
        ? client.POST("/v1/kill", { body })
        : client.POST("/v1/zones/{id}/suspend", { params: { path: { id: zone } }, body }),
    );
    if (!done) return;
    say(zone === undefined ? t("done.all") : t("done.zone", { zone }));
    await renew();
    onDone();
  };
  return (
    <form
      className="form"
      onSubmit={(e) => {
        e.preventDefault();
        void halt();
      }}
    >
      <p>{t("text")}</p>
      <p className="panel-quiet">{t("text.two")}</p>
      {zones.length > 0 ? (
        <RadioField
          label={t("what")}
          value={what}
          onChange={setWhat}
          options={[
            { value: "all", label: t("what.all") },
            ...zones.map((z) => ({
              value: z.id,
              label: t("what.zone", { zone: z.name, camera: z.camera }),
              ...(z.id === what ? { hint: t("what.zoneHint") } : {}),
            })),
          ]}
        />
      ) : null}
      <TextArea
        label={t("why")}
        hint={t("why.hint")}
        required
        rows={2}
        maxLength={500}
        value={reason}
        onChange={setReason}
      />
      {error ? <Failure error={error} /> : null}
      <div className="kit-dialog-foot">
        <Button onPress={onDone}>{k("cancel")}</Button>
        <Button tone="danger" submit pending={busy}>
          {zone === undefined ? t("do.all") : t("do.zone")}
        </Button>
      </div>
    </form>
  );
}

/** The zones in which faces are compared now, with the camera of each. */
export function liveZones(cameras: readonly Camera[]): { id: string; name: string; camera: string }[] {
  return cameras.flatMap((c) =>
    c.zones
      .filter((z) => z.kind === "recognition" && z.state === "live")
      .map((z) => ({ id: z.id, name: z.name, camera: c.name })),
  );
}
