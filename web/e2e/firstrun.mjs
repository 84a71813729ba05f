// A first run in real Chromium, from nothing: a program without camera or site,
// its set-up link, a camera that is wrong, mended, paused and shown on the wall
// without a reload, then the guided way to a zone that is live, over a real RTSP
// stream. BYSTANDER and LOOPCAM name programs that are built already, SHOTS a
// folder for pictures, CLIP a film for the camera.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { harness } from "./harness.mjs";
import { call, install, root, run, start } from "./program.mjs";
import { openBrowser } from "./server.mjs";

const cast = {
  ada: "administrator",
  vera: "venue_owner",
  ines: "inspector",
  pia: "privacy_officer",
  paul: "privacy_officer",
  cora: "consent_officer",
  otto: "operator",
  aude: "auditor",
};
const secret = "c4n4ry-pass";
const because = { reason: "the first run" };

/** A camera that looks at a still scene, behind a password. */
async function network(dir) {
  let clip = process.env.CLIP;
  if (!clip) {
    clip = join(dir, "hall.mp4");
    const pattern = ["-f", "lavfi", "-i", "testsrc2=size=640x360:rate=1:duration=1"];
    const hold = [
      "-vf",
      "loop=loop=1199:size=1,fps=4",
      "-preset",
      "ultrafast",
      "-g",
      "8",
      "-pix_fmt",
      "yuv420p",
    ];
    await run("ffmpeg", ["-v", "error", ...pattern, ...hold, "-t", "300", clip]);
  }
  const bin = process.env.LOOPCAM ?? join(dir, "loopcam");
  if (!process.env.LOOPCAM) await run("go", ["build", "-o", bin, "./internal/tools/loopcam"], { cwd: root });
  const child = spawn(bin, ["-file", clip, "-path", "hall", "-user", "viewer", "-password", secret], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  const end = async () => {
    if (child.exitCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
  };
  return { url: line.replace(/\/\/[^@/]*@/, "//"), end };
}

const place = await install("firstrun", { cast });
const camera = await network(place.dir);
const program = await start(place.bin, ["run", "-c", place.config]);
const browser = await openBrowser();
const ctx = harness(program, browser);

/** A request of somebody, outside the browser. */
const as = (who, ...what) => call(program.url, place.tokens[who], ...what);

/** Gives everybody of the cast an account besides the token: the way counts people, not programs. */
async function people() {
  for (const [id, role] of Object.entries(cast)) {
    const who = ["--id", `${id}.person`, "--role", role, "--password-stdin"];
    const made = run(place.bin, ["user", "add", "-c", place.config, ...who]);
    made.child.stdin.end("turquoise ladder forgets noon\n");
    await made;
  }
}

/** One step as somebody; null is whoever opens the page first. */
function test(name, who, body) {
  if (ctx.failed) return undefined; // each step rests on those before it
  const header = who ? { extraHTTPHeaders: { Authorization: `Bearer ${place.tokens[who]}` } } : {};
  return ctx.test(name, { colorScheme: "light", ...header }, async (page, complaints) => {
    page.setDefaultTimeout(45_000); // it shares its machine with a camera that is looked at
    const said = await body(page);
    const own = /status of (401|404|409|422)/; // the browser tells of every refusal
    complaints.splice(0, complaints.length, ...complaints.filter((c) => !own.test(c)));
    return said;
  });
}

/** Keeps a picture of the page in both languages. */
async function shot(page, name) {
  if (!process.env.SHOTS) return;
  await mkdir(process.env.SHOTS, { recursive: true });
  const file = (lang) => ({ path: join(process.env.SHOTS, `${name}-${lang}.png`), fullPage: true });
  await page.screenshot(file("en"));
  await page.getByRole("button", { name: "切换到中文" }).click();
  await page.screenshot(file("zh"));
  await page.getByRole("button", { name: "Switch to English" }).click();
}

const decide = async (page, name, why = "as planned") => {
  await page.getByRole("button", { name, exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox").last().fill(why);
  await dialog.getByRole("button", { name, exact: true }).click();
  await dialog.waitFor({ state: "detached" });
};

/** Waits until something that is asked for again and again holds. */
async function until(what, ask) {
  for (const end = Date.now() + 60_000; !(await ask()); ) {
    assert.ok(Date.now() < end, what);
    await new Promise((done) => setTimeout(done, 250));
  }
}

try {
  await test("the program prints how to begin", null, async (page) => {
    await until("a set-up link", () => /\/setup#\S+/.test(program.printed.join("\n")));
    await page.goto(program.url);
    await page.getByText("Nobody can administer yet").waitFor();
    await page.goto(program.url + /\/setup#\S+/.exec(program.printed.join("\n"))[0]);
    await page.getByLabel("New password").waitFor();
    await shot(page, "1-setup");
  });

  await test("the first steps say where to begin", "ada", async (page) => {
    await page.goto(`${program.url}/admin`);
    await page
      .getByText(/^\d of 15 steps hold/)
      .first()
      .waitFor();
    await shot(page, "2-first-steps");
  });

  await test("a wrong address says why, is tried again, and is mended while it runs", "ada", async (page) => {
    await page.goto(`${program.url}/admin/cameras/new`);
    await page.getByLabel(/^Address/).fill("rtsp://127.0.0.1:9/hall");
    await page.getByLabel(/^Id/).fill("hall");
    await page.getByLabel("Name", { exact: true }).fill("Hall");
    await page.getByRole("button", { name: "Add the camera" }).click();
    await page.getByText("The camera does not answer.").waitFor();
    await page.getByText(/Tried again in|Being tried now/).waitFor();
    await shot(page, "3-camera-wrong");
    await page.getByRole("link", { name: "Change" }).click();
    await page.getByLabel("Another address").fill(camera.url);
    await page.getByLabel("User name").fill("viewer");
    await page.getByLabel("Password").fill(secret);
    await shot(page, "4-camera-change");
    await page.getByRole("button", { name: "Change the camera" }).click();
    await page.getByText("Connected", { exact: true }).waitFor();
    assert.ok(!(await page.content()).includes(secret));
    await shot(page, "5-camera-connected");
  });

  await test("the wall learns of a camera, its pause and its end without a reload", "otto", async (page) => {
    await page.goto(program.url);
    await page.locator('[data-camera="hall"] video').waitFor();
    await until("pictures", async () => (await ctx.countFrames(page, "hall", 1000)) > 0);
    await as("ada", "POST", "/v1/admin/cameras", {
      id: "yard",
      name: "Yard",
      url: "rtsp://127.0.0.1:9/yard",
    });
    await page.locator('[data-camera="yard"]').waitFor();
    await page.locator('[data-camera="yard"]').getByText("The camera does not answer.").waitFor();
    await as("ada", "POST", "/v1/admin/cameras/yard/pause", { reason: "the painters are in" });
    await page.getByText("Paused by an administrator").waitFor();
    await shot(page, "6-wall");
    await as("ada", "DELETE", "/v1/admin/cameras/yard");
    await page.locator('[data-camera="yard"]').waitFor({ state: "detached" });
    assert.ok((await ctx.countFrames(page, "hall", 2000)) > 0, "the other camera went on");
  });

  await test("the site, a plan, the camera's statement and its view", "vera", async (page) => {
    await page.goto(`${program.url}/zones`);
    await page.getByText("From nothing to a live, lawful zone").waitFor();
    await shot(page, "7-zones-begin");
    await page.getByLabel("Who is responsible (controller)").fill("Hall Ltd");
    await page.getByLabel("How people reach them").fill("privacy@hall.example");
    await page.getByLabel("Whose law holds").selectOption("default");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("link", { name: "Do this now" }).waitFor();
    await as("vera", "POST", "/v1/floorplans", {
      id: "floor-1",
      name: "Ground floor",
      width_m: 20,
      depth_m: 10,
      reason: "opening",
    });
    const photo = await pictured(page);
    await as("vera", "PUT", "/v1/cameras/hall/policy", {
      place_type: "hall",
      checklist: {
        id: "paper-17",
        signed_by: "vera",
        photos: [photo],
        installer: "ivo",
        acknowledged: new Date(Date.now() - 86_400_000).toISOString(),
      },
    });
    await page.goto(`${program.url}/zones/cameras/hall`);
    await until(
      "the view is told",
      async () => (await as("vera", "GET", "/v1/cameras/hall/view")).fingerprint,
    );
    await page.getByAltText("What it sees now, with everybody covered").waitFor();
    await decide(page, "Confirm the present view");
    await page.getByText("It looks the way that was confirmed").waitFor();
    await shot(page, "8-camera-view");
  });

  await test("a zone, its entrance and signs", "vera", async (page) => {
    await as("vera", "POST", "/v1/scenes", { id: "entry", purpose: "access_control", mode: "zone" });
    await as("vera", "POST", "/v1/zones", {
      ...{ id: "door", kind: "recognition", camera: "hall", scene: "entry", plan: "floor-1" },
      outline: [
        [0.2, 0.2],
        [0.8, 0.2],
        [0.8, 0.9],
        [0.2, 0.9],
      ],
      floor: [
        [6, 1],
        [12, 1],
        [12, 6],
        [6, 6],
      ],
      alternative: { kind: "staffed", description: "The staffed door on the left" },
    });
    await as("vera", "POST", "/v1/entrances", {
      id: "main",
      zone: "door",
      name: "Main door",
      position: [9, 0],
    });
    const text = {
      ...{
        controller: "Hall Ltd",
        contact: "privacy@hall.example",
        purpose: "entry",
        function: "recognises those who agreed",
      },
      ...{
        retention: "events 184 days",
        rights_link: "https://hall.example/rights",
        alternative: "the staffed door",
        notice_link: "https://hall.example/z/door",
      },
    };
    for (const [id, kind, x] of [
      ["cctv", "monitoring", 8],
      ["face", "face_recognition", 9],
    ])
      await as("vera", "POST", "/v1/signs", {
        id,
        zone: "door",
        entrance: "main",
        kind,
        position: [x, 0.5],
        text,
      });
    await page.goto(`${program.url}/zones/draw/hall`);
    await page.locator(".canvas image").waitFor();
    await shot(page, "9-draw");
    await page.goto(`${program.url}/zones/zone/door`);
    await page.getByText("conditions are missing").waitFor();
    await decide(page, "Entrances and signs are planned");
    await page.locator(".chip", { hasText: "Signs planned" }).waitFor();
    await shot(page, "10-zone-planned");
  });

  await test("the privacy office assesses, and publishes the notice", "pia", async (page) => {
    await office();
    await page.goto(`${program.url}/office/scenes`);
    await page.getByText("entry").first().waitFor();
    await shot(page, "11-office");
  });

  await test("the inspector walks, others approve, and every step holds", "paul", async (page) => {
    await as("ines", "POST", "/v1/inspections", {
      zone: "door",
      passed: true,
      photos: { main: await pictured(page, "ines") },
    });
    await as("paul", "POST", "/v1/scenes/entry/enable", because);
    await page.goto(`${program.url}/zones/zone/door`);
    await page.getByText("Everything is in place").waitFor();
    await decide(page, "Go live");
    await page.getByText("Live: everything it rests on holds").waitFor();
    await shot(page, "12-live");
    assert.equal((await as("paul", "GET", "/v1/public/zones/door")).active, true);
  });

  await test("the first steps are done", "ada", async (page) => {
    await people();
    await page.goto(`${program.url}/admin`);
    await page.getByText("15 of 15 steps hold").first().waitFor();
    await page.getByText("Every condition holds: zone door is live.").waitFor();
    await shot(page, "13-done");
    const list = await as("ada", "GET", "/v1/admin/log?kind=camera_change");
    assert.deepEqual(list.entries.map((e) => `${e.camera} ${e.detail.action}`).toReversed(), [
      "hall added",
      "hall changed",
      "yard added",
      "yard paused",
      "yard removed",
    ]);
    assert.ok(!program.said.join("\n").includes(secret), "the log holds no password");
    assert.ok(!JSON.stringify(list).includes(camera.url.slice(7, 20)), "nor the log of events an address");
  });
} finally {
  await browser.close();
  await program.end();
  await camera.end();
  await place.remove();
}
if (ctx.failed) process.exitCode = 1;

/** Uploads a photograph of nobody; resolves with its id. */
async function pictured(page, who = "vera") {
  const other = await page.context().newPage();
  await other.setContent(
    "<body style='background:#b9a98c'><div style='margin:40px;height:300px;background:#553'></div>",
  );
  const body = await other.screenshot({ type: "jpeg" });
  await other.close();
  const res = await fetch(`${program.url}/v1/photos`, {
    method: "POST",
    headers: { "Content-Type": "image/jpeg", Authorization: `Bearer ${place.tokens[who]}` },
    body,
  });
  assert.equal(res.ok, true, await res.clone().text());
  return (await res.json()).id;
}

/** A notice by two, an assessment by two, and counsel's review. */
async function office() {
  const texts = {};
  for (const language of ["en", "zh-CN"]) {
    const text = await as("pia", "GET", `/v1/notices/templates/${language}`);
    delete text.$schema;
    texts[language] = JSON.parse(JSON.stringify(text), (_, v) =>
      typeof v === "string" ? v.replace(/\{\{[^}]*\}\}/g, language === "en" ? "as agreed" : "按约定") : v,
    );
  }
  await as("pia", "POST", "/v1/notices", { version: "2026-1", scenes: ["entry"], texts });
  await as("paul", "POST", "/v1/notices/2026-1/publish", {
    revision: 1,
    effective_from: new Date().toISOString(),
  });
  const { id } = await as("pia", "POST", "/v1/assessments", {
    ...{
      scene: "entry",
      necessity: "queues at the door",
      effects: "few",
      child_rules: "nobody under 14 is enrolled",
    },
    ...{ outcome: "approved", valid_until: new Date(Date.now() + 300 * 86_400_000).toISOString() },
  });
  await as("paul", "POST", `/v1/assessments/${id}/approve`, because);
  await as("pia", "POST", "/v1/scenes/entry/assess", { assessment: id });
  await as("pia", "PUT", "/v1/scenes/entry/legal-review", {
    reviewer: "counsel",
    date: new Date(Date.now() - 3_600_000).toISOString(),
  });
  await until(
    "the scene rests on the notice",
    async () => (await as("paul", "GET", "/v1/scenes/entry")).notice,
  );
}
