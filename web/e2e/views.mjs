// Every view that pictures are taken of.

/**
 * A view: its name, the sample account's role ("" for a passer-by), its address
 * with {ids} to fill in, and how to make it ready.
 * @typedef {object} View
 * @property {string} name
 * @property {string} role
 * @property {string} path
 * @property {string} [ready] what must be there before the picture is taken
 * @property {(page: import("playwright-core").Page) => Promise<unknown>} [act] opens what a press opens
 * @property {boolean} [main] also at a telephone's width
 * @property {string[]} [states] also loading, empty, gone or failed
 * @property {"demo" | "furnished"} house the demonstration, or a house that is being set up (furnish.mjs)
 */
const view = (name, role, path, more = {}) => ({ name, role, path, house: "demo", ...more });
const main = { main: true };
const states = { main: true, states: ["loading", "empty", "failed"] };
// Of one thing, which may be gone.
const thing = { main: true, states: ["loading", "gone", "failed"] };
const press = (name, ready) => async (page) => {
  await page.locator(`main ${name}`).first().click();
  if (ready) await page.locator(ready).first().waitFor();
};

const operators = [
  view("live", "operator", "/", { ready: ".tile.is-live", ...states }),
  view("live-four", "operator", "/", { ready: ".tile.is-live", act: (page) => page.keyboard.press("2") }),
  view("help", "operator", "/", { act: (page) => page.keyboard.press("?") }),
  view("recordings", "operator", "/live/recordings", states),
  view("events", "operator", "/live/events", states),
  view("publish", "operator", "/publish", { ready: ".pub-actions, .empty", ...main }),
];

const live = [
  view("zones-zone", "venue_owner", "/zones/zone/{zone}", thing),
  view("inspect-walk", "inspector", "/zones/inspect/{zone}", thing),
];

const venue = [
  view("zones", "venue_owner", "/zones", states),
  view("zones-plan", "venue_owner", "/zones/plan/{plan}", { ready: ".canvas", ...thing }),
  view("zones-plan-new", "venue_owner", "/zones/plan/new", main),
  view("zones-draw", "venue_owner", "/zones/draw/{camera}", { ready: ".canvas", ...thing }),
  view("zones-missing", "venue_owner", "/zones/zone/{lobby}", thing),
  view("zones-cameras", "venue_owner", "/zones/cameras", states),
  view("zones-camera", "venue_owner", "/zones/cameras/{camera}", thing),
  view("zones-scenes", "venue_owner", "/zones/scenes", states),
  view("zones-scene", "venue_owner", "/zones/scenes/{scene}", thing),
  view("zones-sign", "venue_owner", "/zones/sign/{sign}", thing),
  view("zones-print", "venue_owner", "/zones/sign/{sign}/print", thing),
  view("inspect", "inspector", "/zones/inspect", states),
];

const auditors = [
  view("audit", "auditor", "/audit", states),
  view("audit-question", "auditor", "/audit/questions/zone-outcomes?asked", {
    ready: ".audit-figure, .audit-map",
    ...states,
  }),
  view("audit-reads", "auditor", "/audit/questions/reads?asked", { ready: ".audit-figure", ...states }),
  view("audit-event", "auditor", "/audit/events/{event}", { ready: "[data-verdict]", ...thing }),
  view("audit-query", "auditor", "/audit/query", {
    ready: ".audit-form",
    act: press(".audit-form button.primary, .audit-form .kit-button.primary"),
    ...states,
  }),
  view("audit-names", "auditor", "/audit/names", states),
  view("audit-log", "auditor", "/audit/log", states),
];

const people = [
  view("consent", "consent_officer", "/consent", states),
  view("consent-person", "consent_officer", "/consent/people/{person}", thing),
  view("consent-due", "consent_officer", "/consent/due", states),
  view("consent-messages", "consent_officer", "/consent/messages", states),
  view("consent-import", "consent_officer", "/consent/import", main),
  view("kiosk", "kiosk", "/kiosk", main),
  view("me", "subject", "/me", states),
  view("me-kept", "subject", "/me/kept", states),
  view("me-requests", "subject", "/me/requests", states),
  view("me-messages", "subject", "/me/messages", states),
  view("me-signin", "", "/me", main),
  view("request", "", "/me/request", main),
  view("zone-page", "", "/z/{zone}", main),
  view("privacy", "", "/privacy", main),
];

const office = [
  ...["", "rights", "assessments", "notices", "filings", "incidents", "retention", "components", "exit"].map(
    (p) => view(`office${p && `-${p}`}`, "privacy_officer", `/office/${p}`.replace(/\/$/, ""), states),
  ),
  view("office-scenes", "privacy_officer", "/office/scenes", states),
  view("office-halt", "privacy_officer", "/office/halt", states),
  view("office-request", "privacy_officer", "/office/rights/{request}", thing),
  view("office-assessment", "privacy_officer", "/office/assessments/{assessment}", thing),
  view("office-assessment-new", "privacy_officer", "/office/assessments/new", states),
  view("office-notice-new", "privacy_officer", "/office/notices/new", states),
  view("office-incident", "privacy_officer", "/office/incidents/{incident}", thing),
];

const administration = [
  ...["", "cameras", "users", "health", "config", "log"].map((p) =>
    view(`admin${p && `-${p}`}`, "administrator", `/admin/${p}`.replace(/\/$/, ""), states),
  ),
  view("admin-site", "administrator", "/admin/site", states),
  view("admin-camera-new", "administrator", "/admin/cameras/new", main),
  view("account", "operator", "/account", states),
  view("signin", "", "/signin", { ready: "form, .account-card, h1", ...main, house: "furnished" }),
  view("setup", "", "/setup", { ready: "h1", ...main }),
  view("not-yours", "operator", "/admin", { ready: ".empty h1", ...main }),
];

/** @type {View[]} */
export const views = [
  ...operators,
  ...live,
  ...[...venue, ...office].map((v) => ({ ...v, house: /** @type {const} */ ("furnished") })),
  ...auditors,
  ...people,
  ...administration,
];
