import { type ComponentType, type LazyExoticComponent, lazy } from "react";
import type { Role } from "../session/session";
import type { deskTexts } from "./texts";

type DeskName =
  Extract<keyof (typeof deskTexts)["en"], `desk.${string}`> extends `desk.${infer N}` ? N : never;

/** A workplace: where it lives, who may enter, and its page. */
export interface Desk {
  name: DeskName;
  /** The desk's address; it owns everything below. */
  path: string;
  /** Who may enter, first whose own desk it is; none named: everybody, signed in or not. */
  roles: readonly Role[];
  Page: LazyExoticComponent<ComponentType>;
  /** A document of its own, since the permission to ask for a camera is given to a document. */
  document?: boolean;
  /** Shown without the frame of the workplaces. */
  bare?: boolean;
  /** Made for everybody: shown in the public frame, whoever opens it. */
  everybody?: boolean;
  /** Left out of the navigation. */
  hidden?: boolean;
}

/** Every desk in the order of the navigation. A page is loaded when somebody goes there. */
export const desks: readonly Desk[] = [
  { name: "live", path: "/", roles: ["operator"], Page: lazy(() => import("../live/desk")) },
  {
    name: "zones",
    path: "/zones",
    roles: ["venue_owner", "inspector", "privacy_officer", "administrator"],
    Page: lazy(() => import("../zones/desk")),
  },
  {
    name: "audit",
    path: "/audit",
    roles: ["auditor", "privacy_officer"],
    Page: lazy(() => import("../audit/desk")),
  },
  {
    name: "consent",
    path: "/consent",
    roles: ["consent_officer"],
    Page: lazy(() => import("../consent/desk")),
    document: true,
  },
  {
    name: "kiosk",
    path: "/kiosk",
    roles: ["kiosk"],
    Page: lazy(() => import("../kiosk/desk")),
    document: true,
    bare: true,
  },
  {
    name: "me",
    path: "/me",
    roles: [],
    Page: lazy(() => import("../me/desk")),
    everybody: true,
    hidden: true,
  },
  { name: "office", path: "/office", roles: ["privacy_officer"], Page: lazy(() => import("../office/desk")) },
  { name: "admin", path: "/admin", roles: ["administrator"], Page: lazy(() => import("../admin/desk")) },
  {
    name: "publish",
    path: "/publish",
    roles: ["operator", "administrator"],
    Page: lazy(() => import("../publish/desk")),
    document: true,
  },
  { name: "account", path: "/account", roles: [], Page: lazy(() => import("../account/desk")), hidden: true },
  {
    name: "signin",
    path: "/signin",
    roles: [],
    Page: lazy(() => import("../account/signin")),
    hidden: true,
    bare: true,
  },
  {
    name: "setup",
    path: "/setup",
    roles: [],
    Page: lazy(() => import("../account/setup")),
    hidden: true,
    bare: true,
  },
];

/** The desk that an address belongs to. */
export function deskOf(path: string): Desk | undefined {
  return desks
    .filter((d) =>
      d.path === "/"
        ? path === "/" || path.startsWith("/live/")
        : path === d.path || path.startsWith(`${d.path}/`),
    )
    .toSorted((a, b) => b.path.length - a.path.length)[0];
}

/** The duties that stand at the office's desk and at administration's alike. */
const shared = /^\/office\/(scenes|retention|exit|halt)(?=$|[/?#])/;

/**
 * The address at which somebody with these roles finds what stands at `to`: there,
 * or at a desk of theirs that has the same page; undefined where no door opens.
 */
export function openAt(to: string, roles: readonly Role[]): string | undefined {
  return [to, to.replace(shared, "/admin/$1")].find((at) => {
    const desk = deskOf(at.replace(/[?#].*/, ""));
    return desk && (desk.roles.length === 0 || desk.roles.some((r) => roles.includes(r)));
  });
}

/** Where somebody with these roles begins: the desk that is their own, else the first that they may enter. */
export function homeOf(roles: readonly Role[]): string | undefined {
  const open = desks.filter((d) => !d.hidden && d.roles.some((r) => roles.includes(r)));
  return (open.find((d) => d.roles[0] !== undefined && roles.includes(d.roles[0])) ?? open[0])?.path;
}
