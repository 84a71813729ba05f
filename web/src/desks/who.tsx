import { useState } from "react";
import { Button as AriaButton } from "react-aria-components/Button";
import { Menu, MenuItem, MenuTrigger } from "react-aria-components/Menu";
import { Popover } from "react-aria-components/Popover";
import { useNavigate } from "react-router";
import { csrfHeader, problemOf } from "../api/client";
import { useTexts } from "../i18n/texts";
import { LinkButton } from "../kit/button";
import { useToast } from "../kit/toast";
import { type Role, useSession } from "../session/session";
import { Icon } from "../ui/icons";
import { homeOf } from "./desks";
import { deskTexts } from "./texts";

const sampleRoles: readonly Role[] = [
  "operator",
  "venue_owner",
  "inspector",
  "auditor",
  "consent_officer",
  "privacy_officer",
  "administrator",
  "kiosk",
];

/** Who is signed in; in a demo, whom a visitor looks around as. */
export function Who() {
  const t = useTexts(deskTexts);
  const { session, loaded } = useSession();
  const say = useToast();
  const go = useNavigate();
  const [busy, setBusy] = useState(false);
  if (!loaded) return null;
  if (!session.known && !session.demo)
    return (
      <LinkButton small to="/signin" document>
        {t("who.signin")}
      </LinkButton>
    );
  const act = async (what: string) => {
    if (what === "account") return void go("/account");
    setBusy(true);
    try {
      if (what === "signout") {
        await send("/v1/session", "DELETE");
        location.assign("/");
        return;
      }
      await send("/v1/demo/act-as", "POST", { role: what });
      location.assign(homeOf([what as Role]) ?? "/");
    } catch {
      say(t("role.title"));
    } finally {
      setBusy(false);
    }
  };
  const roles = session.demo ? sampleRoles : [];
  return (
    <MenuTrigger>
      <AriaButton
        className="who"
        isDisabled={busy}
        aria-label={t("who.account", { name: session.name || session.id })}
      >
        <Icon name="person" />
        <span className="who-name">
          {session.demo ? session.roles.map((r) => t(`role.${r}`)).join(", ") : session.name || session.id}
        </span>
      </AriaButton>
      <Popover className="kit-popover" placement="bottom end">
        {session.demo ? <p className="menu-note">{t("demo.note")}</p> : null}
        <Menu className="kit-menu" onAction={(key) => void act(String(key))}>
          {roles.map((r) => (
            <MenuItem key={r} id={r} textValue={t(`role.${r}`)}>
              {t(`role.${r}`)}
            </MenuItem>
          ))}
          {session.demo ? null : (
            <MenuItem id="account" textValue={t("desk.account")}>
              {t("desk.account")}
            </MenuItem>
          )}
          {session.via === "session" ? (
            <MenuItem id="signout" textValue={t("who.signout")}>
              {t("who.signout")}
            </MenuItem>
          ) : null}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}

async function send(path: string, method: string, body?: object): Promise<void> {
  const res = await fetch(path, {
    method,
    headers: { Accept: "application/json", "Content-Type": "application/json", ...csrfHeader() },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  if (!res.ok) throw await problemOf(res);
}
