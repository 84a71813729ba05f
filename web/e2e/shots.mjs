// Writes a picture of every view into a folder, in both languages: wide in the
// dark and the light theme and at a telephone's width, and those that ask the
// server also while they load, when there is nothing, when what the address names
// is gone, and when the server fails. The views are those of `bystander demo`, once somebody was recognised;
// kiosk, consent desk and people's own page are also walked through by their
// tests (SHOTS=).
// What a Chinese page still says in Latin letters goes into latin.txt, to be read.
// Usage: node e2e/shots.mjs FOLDER [VIEW…]. BYSTANDER names a program that is
// built already, URL a demonstration that runs, HOUSE the file of a furnished
// house that runs (furnish.mjs), DIST pages to use instead of the
// built-in ones; LANGS, KINDS (wide, loading, empty, gone, failed) and LOOKS
// (dark, light, phone) leave out the others.
import { appendFile, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { startFurnished } from "./furnish.mjs";
import { place, start } from "./program.mjs";
import { openBrowser } from "./server.mjs";
import { views } from "./views.mjs";

const [folder = "shots", ...chosen] = process.argv.slice(2);
const langs = (process.env.LANGS ?? "en,zh-CN").split(",");
const kinds = (process.env.KINDS ?? "wide,loading,empty,gone,failed").split(",");
const looks = (process.env.LOOKS ?? "dark,light,phone").split(",");
await mkdir(folder, { recursive: true });

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

const wanted = views.filter((v) => chosen.length === 0 || chosen.includes(v.name));
// Neither house is started for views of the other.
const server = wanted.some((v) => v.house === "demo") ? await begin() : undefined;
const browser = await openBrowser();

/** Signs in as a sample account of the demonstration; resolves with a way to read as it. */
async function acting(role) {
  const context = await browser.newContext();
  const res = await context.request.post(`${server.url}/v1/demo/act-as`, { data: { role } });
  if (!res.ok()) throw new Error(`acting as ${role}: ${res.status()}`);
  return async (path) => (await context.request.get(server.url + path)).json();
}

/** Waits until somebody was recognised; resolves with what the addresses name. */
async function known() {
  const auditor = await acting("auditor");
  const { enrollee } = await (await acting("subject"))("/v1/session");
  for (let i = 0; i < 120; i++) {
    const { rows } = await auditor("/v1/audit/questions/confirmations/answer?purpose=audit");
    if (rows[0]) return { event: rows[0].event_id, zone: "stage-zone", camera: "stage", person: enrollee };
    await new Promise((done) => setTimeout(done, 2000));
  }
  throw new Error("nobody was recognised in four minutes");
}

/** Pages of a folder in place of those in the program, under the same headers. */
async function fromDisk(route) {
  const { pathname } = new URL(route.request().url());
  if (/^\/(v1|z|whep|whip|privacy)\b/.test(pathname) || pathname === "/z.css") return route.fallback();
  const file = /\.\w+$/.test(pathname) ? pathname : "/index.html";
  const type = { html: "text/html", js: "text/javascript", css: "text/css", svg: "image/svg+xml" };
  await route.fulfill({
    body: await readFile(join(process.env.DIST, file)),
    headers: { "content-type": `${type[file.split(".").at(-1)]}; charset=utf-8` },
  });
}

/** What the server says of itself and of who asks: every state of a view rests on it. */
const base = /\/v1\/(session|status|stream)(\?|$)/;

/** How each state is made: by what the server answers, or that it does not. */
const answers = {
  loading: () => new Promise(() => {}),
  failed: (route) =>
    route.fulfill({
      status: 500,
      contentType: "application/problem+json",
      headers: { "X-Request-Id": "01a20436-1248-72ae-a519-e351ab4eee18" },
      body: JSON.stringify({ status: 500, title: "Internal Server Error" }),
    }),
  gone: (route) =>
    route.fulfill({
      status: 404,
      contentType: "application/problem+json",
      body: JSON.stringify({ status: 404, title: "Not Found", code: "NOT_FOUND" }),
    }),
  empty: async (route) => {
    const res = await route.fetch().catch(() => undefined);
    if (!res) return; // the page has gone
    if (!res.headers()["content-type"]?.includes("json")) return route.fulfill({ response: res });
    const body = await res.json().catch(() => null);
    if (body && typeof body === "object")
      for (const [k, v] of Object.entries(body)) if (Array.isArray(v) && k !== "columns") body[k] = [];
    await route.fulfill({ response: res, json: body });
  },
};

/** Opens a view and takes its pictures: wide in both themes, then narrow. */
async function take(view, houses, lang, kind) {
  const { url, ids, tokens } = houses[view.house];
  const token = tokens?.[view.role];
  const context = await browser.newContext({
    ...(token ? { extraHTTPHeaders: { Authorization: `Bearer ${token}` } } : {}),
    viewport: { width: 1440, height: 900 },
    colorScheme: "dark",
    locale: lang,
    bypassCSP: true, // for the style below only
  });
  try {
    if (view.role && !token) {
      const res = await context.request.post(`${url}/v1/demo/act-as`, { data: { role: view.role } });
      if (!res.ok()) throw new Error(`acting as ${view.role}: ${res.status()}`);
    }
    const page = await context.newPage();
    if (process.env.DIST) await page.route("**/*", fromDisk);
    if (answers[kind])
      await page.route(
        (url) => url.pathname.startsWith("/v1/") && !base.test(url.href),
        (route) => (route.request().method() === "GET" ? answers[kind](route) : route.fallback()),
      );
    const path = view.path.replace(/\{(\w+)\}/g, (_, id) => ids[id] ?? `no-${id}`);
    await page.goto(url + path);
    await settle(page, view, kind);
    const at = (what) => join(folder, `${view.name}${answers[kind] ? `-${kind}` : ""}-${what}-${lang}.png`);
    if (lang === "zh-CN" && !answers[kind]) await latin(page, view.name);
    for (const look of looks) {
      if (look === "phone" && !view.main) continue;
      await page.emulateMedia({ colorScheme: look === "light" ? "light" : "dark" });
      if (look === "phone") {
        await page.setViewportSize({ width: 360, height: 800 });
        await page.waitForTimeout(300);
      }
      await picture(page, at(look));
    }
    await page.unrouteAll({ behavior: "ignoreErrors" });
  } finally {
    await context.close();
  }
}

/** Waits until the page says what it has to say. */
async function settle(page, view, kind) {
  if (answers[kind]) {
    await page.waitForSelector("main h1, main .loading, main .note, main .empty", { timeout: 10_000 });
    await page.waitForTimeout(kind === "failed" ? 3800 : 700); // a failure is tried again first
    return;
  }
  await page.waitForSelector(view.ready ?? "h1");
  await page
    .waitForFunction(() => !document.querySelector(".loading"), null, { timeout: 5000 })
    .catch(() => {});
  await view.act?.(page);
  // What lies below the window is drawn as well, since the picture shows the whole page.
  await page.addStyleTag({ content: ".event { content-visibility: visible !important }" });
  await page.waitForTimeout(["live", "live-four", "recordings"].includes(view.name) ? 1500 : 400);
}

/** Notes what a page says without a Chinese character, codes and marked English left out. */
async function latin(page, name) {
  const said = await page.evaluate(() => {
    const found = new Set();
    const note = (text, from) => {
      const left = from.closest("code, pre, kbd, script, style, .mono, [lang=en], dialog:not([open])");
      if (text && !left && /[A-Za-z]{3}/.test(text) && !/[\u4e00-\u9fff]/.test(text)) found.add(text.trim());
    };
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) note(texts.currentNode.data, texts.currentNode.parentElement);
    for (const e of document.querySelectorAll("[aria-label], [title], [placeholder], [alt]"))
      for (const a of ["aria-label", "title", "placeholder", "alt"]) note(e.getAttribute(a), e);
    return [...found];
  });
  await appendFile(
    join(folder, "latin.txt"),
    said.map((t) => `${name}\t${t.replace(/\s+/g, " ")}\n`).join(""),
  );
}

async function picture(page, file) {
  await page.waitForTimeout(100);
  await page.screenshot({ path: file, fullPage: true });
  console.log(file);
}

let failed = 0;
let furnished;
try {
  const houses = {};
  if (server) houses.demo = { url: server.url, ids: await known() };
  if (wanted.some((v) => v.house === "furnished")) {
    furnished = process.env.HOUSE
      ? JSON.parse(await readFile(process.env.HOUSE, "utf8"))
      : await startFurnished(browser);
    houses.furnished = furnished;
  }
  for (const view of wanted) {
    for (const lang of langs)
      for (const kind of ["wide", ...(view.states ?? [])]) {
        if (!kinds.includes(kind)) continue;
        await take(view, houses, lang, kind).catch((err) => {
          failed++;
          console.error(`${view.name} ${kind} ${lang}: ${String(err).split("\n")[0]}`);
        });
      }
  }
} finally {
  await browser.close();
  await furnished?.stop?.();
  await server?.stop();
}
if (failed > 0) process.exitCode = 1;
