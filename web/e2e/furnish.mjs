// A house as it is after a while, for pictures of the desks: an installation of
// its own with a lobby and two cameras, a zone that is not live yet on a floor
// plan, and something on every officer's desk.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { call, install, run, start } from "./program.mjs";
import { openBrowser } from "./server.mjs";
import { noticeTexts } from "./venue.mjs";

const cast = {
  venue_owner: "venue_owner",
  inspector: "inspector",
  privacy_officer: "privacy_officer",
  second_officer: "privacy_officer",
  administrator: "administrator",
  consent_officer: "consent_officer",
};
const reason = "as planned";
const plan = "ground-floor";
const lobby = "lobby-doors";
const scene = "members";

/** Starts it; resolves with its address, a token of each role, what addresses name, and a way to stop it. */
export async function startFurnished(browser) {
  const { dir, bin, config, tokens, remove } = await install("furnished", {
    cast,
    settings: async (at) => {
      const film = await hall(at, browser);
      return [
        "cameras:",
        `  - { id: lobby, name: Lobby, driver: file, url: "${film}" }`,
        `  - { id: till, name: Till, driver: file, url: "${film}" }`,
      ];
    },
  });
  const { url, end } = await start(bin, ["run", "-c", config]);
  const stop = async () => {
    await end();
    await remove();
  };
  const as = (who, ...what) => call(url, tokens[who], ...what);
  try {
    await venue((...what) => as("venue_owner", ...what));
    await desks(as, url);
    return { url, dir, tokens, ids: await named(as), stop };
  } catch (err) {
    await stop();
    throw err;
  }
}

/** What the views' addresses name. */
async function named(as) {
  const { requests } = await as("privacy_officer", "GET", "/v1/rights/requests");
  const first = async (path) => (await as("privacy_officer", "GET", path)).items[0].id;
  return {
    plan,
    lobby,
    zone: lobby,
    camera: "lobby",
    scene,
    sign: "street-recognition",
    request: requests[0].request_id,
    assessment: await first("/v1/assessments"),
    incident: await first("/v1/incidents"),
  };
}

/** A film of an empty lobby, drawn by the browser. */
async function hall(dir, browser) {
  const still = join(dir, "lobby.png");
  const out = join(dir, "lobby.mp4");
  const page = await browser.newPage({ viewport: { width: 640, height: 360 } });
  await page.setContent(`<body style="margin:0">${drawing}</body>`);
  await writeFile(still, await page.screenshot());
  await page.close();
  // Longer than the pictures take: each time a film begins anew, the camera's view is looked at afresh.
  const play = ["-loop", "1", "-framerate", "2", "-i", still, "-t", "900", "-preset", "ultrafast"];
  await run("ffmpeg", ["-v", "error", ...play, "-pix_fmt", "yuv420p", out]);
  return out;
}

const drawing = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 540" width="640" height="360">
<defs><linearGradient id="f" x2="0" y2="1"><stop stop-color="#8d8a84"/><stop offset="1" stop-color="#c4bfb6"/></linearGradient>
<linearGradient id="w" x2="0" y2="1"><stop stop-color="#d9dad8"/><stop offset="1" stop-color="#b9bbb9"/></linearGradient></defs>
<path fill="#a9abab" d="M0 0h960v540H0z"/><path fill="url(#w)" d="M230 120h500v190H230z"/><path fill="#e9e9e6" d="M0 0h960L730 120H230z"/>
<path fill="#b4b7b7" d="M0 0l230 120v190L0 540z"/><path fill="#9fa3a3" d="M960 0L730 120v190l230 230z"/><path fill="url(#f)" d="M230 310h500l230 230H0z"/>
<path stroke="#00000018" fill="none" d="M230 310L0 540M313 310L160 540M396 310L320 540M480 310v230M563 310l77 230M646 310l154 230M215 325h530M185 355h590M140 400h680M75 465h810"/>
<path fill="#5b6b73" d="M400 170h75v140h-75zM485 170h75v140h-75z"/><path fill="#9fc3d1" d="M408 178h59v132h-59zM493 178h59v132h-59z"/><path fill="#f4efe0" d="M408 130h144v26H408z"/>
<path fill="#6f5a45" d="M60 330l120-60v90L60 470z"/><path fill="#8a7359" d="M60 330l120-60 40 12-118 66z"/><path fill="#7d664e" d="M102 348l118-66v88l-118 126z"/>
<path fill="#5d7f62" d="M800 250q-40-70-8-120 6 50 20 60 10-60 46-82-14 60-26 84 24-20 50-22-30 40-48 80z"/><path fill="#8c5a44" d="M776 300h62l-8 62h-46z"/>
<path fill="#f7f3cf" d="M330 40h90l-20 22h-60zM540 40h90l-10 22h-60z"/></svg>`;

/** Points from "x,y x,y …". */
const points = (text) => text.split(" ").map((p) => p.split(",").map(Number));

/** The walls between corners. */
const walls = (text) =>
  points(text)
    .slice(1)
    .map((p, i) => [points(text)[i], p]);

async function venue(owner) {
  await owner("POST", "/v1/sites", {
    id: "harbour-hall",
    name: "Harbour Hall Ltd.",
    contact: "privacy@harbour.example",
    profile: "cn",
    reason,
  });
  await owner("POST", "/v1/floorplans", {
    id: plan,
    name: "Ground floor",
    width_m: 24,
    depth_m: 16,
    walls: [
      ...walls("2,2 22,2 22,14 2,14 2,2"),
      ...walls("9,2 9,9"),
      ...walls("9,11 9,14"),
      ...walls("15,14 15,8 22,8"),
    ],
    reason,
  });
  await owner("PUT", "/v1/cameras/till/policy", { place_type: "lobby", reason });
  const placement = { plan, position: [8.4, 3], direction: 140, angle: 70, reach: 9 };
  await owner("PUT", "/v1/cameras/lobby/policy", { place_type: "lobby", placement, reason });
  await owner("POST", "/v1/scenes", {
    id: scene,
    purpose: "event_participation",
    mode: "claim",
    live_clear: true,
    separate_consent: true,
    external_recorder: true,
    reason,
  });
  const zone = (id, more) => owner("POST", "/v1/zones", { id, camera: "lobby", plan, reason, ...more });
  await zone(lobby, {
    kind: "recognition",
    scene,
    outline: points("0.08,0.52 0.5,0.5 0.56,0.92 0.05,0.95"),
    floor: points("2.4,4 8.6,4 8.6,12 2.4,12"),
    alternative: { kind: "staffed", description: "Staffed desk to the right of the doors" },
  });
  await zone("till", {
    kind: "prohibited",
    outline: points("0.68,0.4 0.95,0.4 0.95,0.9 0.68,0.9"),
    floor: points("15.5,8.6 21.5,8.6 21.5,13.5 15.5,13.5"),
  });
  for (const [id, name, position] of [
    ["street", "Street doors", [2, 8]],
    ["garage", "From the garage", [6, 2]],
  ])
    await owner("POST", "/v1/entrances", { id, zone: lobby, name, position, reason });
  await signs(owner);
}

async function signs(owner) {
  const text = {
    controller: "Harbour Hall Ltd.",
    contact: "privacy@harbour.example",
    purpose: "event participation",
    function: "recognises those who enrolled and agreed, masks everybody else",
    retention: "events 184 days, recordings 7 days",
    rights_link: "https://harbour.example/rights",
    alternative: "staffed desk to the right of the doors",
  };
  const zh = {
    controller: "海港会堂有限公司",
    contact: "privacy@harbour.example",
    purpose: "活动参与",
    function: "仅识别已登记并同意的人员，遮蔽其他所有人",
    retention: "事件保存184日，录像保存7日",
    rights_link: "https://harbour.example/rights",
    alternative: "大门右侧人工服务台",
  };
  for (const [id, kind, position] of [
    ["street-monitoring", "monitoring", [2.8, 5.6]],
    ["street-recognition", "face_recognition", [2.8, 6.8]],
  ]) {
    const what = { zone: lobby, entrance: "street", kind, position, text, translations: { "zh-CN": zh } };
    await owner("POST", "/v1/signs", { id, ...what, reason });
  }
}

async function desks(as, url) {
  const office = (...what) => as("privacy_officer", ...what);
  const day = 24 * 3600 * 1000;
  const at = (days) => new Date(Date.now() + days * day).toISOString();
  for (const [type, language, text] of [
    ["access", "en", "Please send me what you hold about my visit."],
    ["explain", "zh-CN", "请说明为什么我在入口被要求走人工通道。"],
    ["confidentiality", "en", "Please keep my visit confidential."],
  ])
    await call(url, null, "POST", "/v1/rights/requests", {
      type,
      language,
      text,
      contact: "guest@harbour.example",
    });
  await office("POST", "/v1/incidents", {
    class: "availability",
    drill: true,
    reason: "the drill of the quarter",
  });
  await office("POST", "/v1/filings", {
    authority: "浙江省互联网信息办公室",
    type: "人脸识别技术应用备案",
    status: "planned",
    scene,
    due: at(30),
    reason,
  });
  await office("POST", "/v1/filings", {
    authority: "公安机关",
    type: "公共安全视频图像信息系统备案",
    status: "filed",
    number: "SAMPLE-2026-114",
    valid_until: at(365),
    reason,
  });
  await office("POST", "/v1/assessments", {
    scene,
    necessity: "Guests who hold a pass come with both hands full; cards were dropped 40 times a day.",
    effects: "Everybody else is masked in the same picture; nobody is turned away.",
    child_rules: "Nobody under 14 is enrolled.",
    outcome: "approved",
    valid_until: at(365),
    reason,
  });
  await as("venue_owner", "POST", "/v1/exit-plans", {
    items: [
      { id: "signs", list: "dismantling", text: "Take down the signs at both entrances" },
      { id: "vlan", list: "network", text: "Close the cameras' network" },
      { id: "templates", list: "disposal", text: "Destroy the keys of all templates, with a second person" },
      { id: "desk", list: "alternatives", text: "Keep the staffed desk open" },
    ],
    reason,
  });
  const texts = await noticeTexts(office);
  await office("POST", "/v1/notices", { version: "2026-1", scenes: [scene], texts });
}

// Started by itself it runs until it is interrupted; what shots.mjs needs of it goes into a file.
if (process.argv[1] === new URL(import.meta.url).pathname) {
  const browser = await openBrowser();
  const { stop, ...house } = await startFurnished(browser);
  await browser.close();
  await writeFile(process.argv[2] ?? "furnished.json", JSON.stringify(house));
  console.log(house.url);
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void stop());
}
