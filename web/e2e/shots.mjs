// Writes a picture of every view into a folder, in both languages: dark and wide,
// light and wide, and dark at a telephone's width. The views are those of
// `bystander demo`, once somebody was recognised; kiosk, consent desk and people's
// own page are also walked through by their tests (SHOTS=).
// Usage: node e2e/shots.mjs FOLDER [VIEW…]. BYSTANDER names a program that is
// built already, URL a demonstration that runs.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { place, start } from "./program.mjs";
import { openBrowser } from "./server.mjs";

const [folder = "shots", ...chosen] = process.argv.slice(2);
await mkdir(folder, { recursive: true });

/** Name, role, address, and what must be there before the picture is taken. */
const views = [
  ["live", "operator", "/", ".tile.is-live"],
  ["recordings", "operator", "/live/recordings"],
  ["events", "operator", "/live/events"],
  ["publish", "operator", "/publish", ".pub-actions"],
  ["zones", "venue_owner", "/zones"],
  ["zones-draw", "venue_owner", "/zones/draw/{camera}"],
  ["zones-zone", "venue_owner", "/zones/zone/{zone}"],
  ["zones-cameras", "venue_owner", "/zones/cameras"],
  ["zones-scenes", "venue_owner", "/zones/scenes"],
  ["inspect", "inspector", "/zones/inspect"],
  ["audit", "auditor", "/audit"],
  ["audit-question", "auditor", "/audit/questions/zone-outcomes"],
  ["audit-event", "auditor", "/audit/events/{event}"],
  ["audit-query", "auditor", "/audit/query"],
  ["audit-names", "auditor", "/audit/names"],
  ["audit-log", "auditor", "/audit/log"],
  ["consent", "consent_officer", "/consent"],
  ["consent-due", "consent_officer", "/consent/due"],
  ["consent-import", "consent_officer", "/consent/import"],
  ["kiosk", "kiosk", "/kiosk"],
  ["me", "subject", "/me"],
  ["me-kept", "subject", "/me/kept"],
  ["me-requests", "subject", "/me/requests"],
  ["request", "", "/me/request"],
  ...[
    "",
    "rights",
    "assessments",
    "scenes",
    "notices",
    "filings",
    "incidents",
    "retention",
    "components",
    "exit",
    "halt",
  ].map((p) => [`office${p && `-${p}`}`, "privacy_officer", `/office/${p}`]),
  ...["", "cameras", "users", "site", "health", "config", "log"].map((p) => [
    `admin${p && `-${p}`}`,
    "administrator",
    `/admin/${p}`,
  ]),
  ["zone-page", "", "/z/{zone}", "h1"],
  ["privacy", "", "/privacy", "h1"],
];

async function begin() {
  if (process.env.URL) return { url: process.env.URL, stop: async () => {} };
  const { dir, bin, remove } = await place("shots");
  const { url, end } = await start(bin, ["demo", "--listen", "127.0.0.1:0", "--data", join(dir, "data")]);
  const stop = async () => {
    await end();
    await remove();
  };
  return { url, stop };
}

const server = await begin();
const browser = await openBrowser();

/** A context of its own, signed in as a sample account. */
async function as(role, options) {
  const context = await browser.newContext(options);
  if (role) {
    const res = await context.request.post(`${server.url}/v1/demo/act-as`, { data: { role } });
    if (!res.ok()) throw new Error(`acting as ${role}: ${res.status()}`);
  }
  return context;
}

/** Waits until somebody was recognised; resolves with what the addresses name. */
async function known() {
  const auditor = await as("auditor", {});
  const owner = await as("venue_owner", {});
  try {
    const list = async (context, path) => (await context.request.get(server.url + path)).json();
    for (let i = 0; i < 120; i++) {
      const { rows } = await list(auditor, "/v1/audit/questions/confirmations/answer?purpose=audit");
      if (rows[0]) {
        const zone = (await list(owner, "/v1/zones")).items[0];
        return { event: rows[0].event_id, zone: zone.id, camera: zone.camera ?? "stage" };
      }
      await new Promise((done) => setTimeout(done, 2000));
    }
    throw new Error("nobody was recognised in four minutes");
  } finally {
    await auditor.close();
    await owner.close();
  }
}

async function take([name, role, path, ready], ids, [kind, width, theme], lang) {
  const context = await as(role, {
    viewport: { width, height: width > 600 ? 900 : 800 },
    colorScheme: theme,
    locale: lang,
    bypassCSP: true, // for the style below only
  });
  const page = await context.newPage();
  await page.goto(server.url + path.replace(/\{(\w+)\}/g, (_, id) => ids[id]));
  await page.waitForSelector(ready ?? "h1");
  await page
    .waitForFunction(() => !document.querySelector(".loading"), null, { timeout: 5000 })
    .catch(() => {});
  // What lies below the window is drawn as well, since the picture shows the whole page.
  await page.addStyleTag({ content: ".event { content-visibility: visible !important }" });
  await page.waitForTimeout(name === "live" || name === "recordings" ? 1500 : 300);
  const file = join(folder, `${name}-${kind}-${lang}.png`);
  await page.screenshot({ path: file, fullPage: true });
  console.log(file);
  await context.close();
}

try {
  const ids = await known();
  for (const view of views) {
    if (chosen.length > 0 && !chosen.includes(view[0])) continue;
    for (const look of [
      ["dark", 1440, "dark"],
      ["light", 1440, "light"],
      ["phone", 360, "dark"],
    ])
      for (const lang of ["en", "zh-CN"]) await take(view, ids, look, lang);
  }
} finally {
  await browser.close();
  await server.stop();
}
