// The venue owners' desk in real Chromium against the program itself: from an
// empty installation to a live zone, by mouse and by keys, with an inspection on
// a telephone that loses its network, and what refuses to go live says why.
// BYSTANDER names a program that is built already, CLIP a film for the camera,
// SHOTS a folder for pictures, DIST pages to use instead of the built-in ones.
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import jsQR from "jsqr";
import { harness } from "./harness.mjs";
import { call, install, run, start } from "./program.mjs";
import { openBrowser } from "./server.mjs";

const cast = {
  vera: "venue_owner inspector",
  ines: "inspector",
  pia: "privacy_officer",
  paul: "privacy_officer",
};

/** A camera that looks at one still scene: structure enough to tell its view, and nobody in it. */
async function film(dir) {
  if (process.env.CLIP) return process.env.CLIP;
  const still = join(dir, "still.png");
  const out = join(dir, "hall.mp4");
  const draw = ["-v", "error", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=1", "-frames:v", "1", still];
  await run("ffmpeg", draw);
  // Longer than the tests: each time a film begins anew, the camera's view is looked at afresh.
  const play = [
    "-loop",
    "1",
    "-framerate",
    "4",
    "-i",
    still,
    "-t",
    "900",
    "-preset",
    "ultrafast",
    "-pix_fmt",
    "yuv420p",
    out,
  ];
  await run("ffmpeg", ["-v", "error", ...play]);
  return out;
}

/** Starts the program without any site; resolves with its address, who may do what, and a way to stop it. */
async function begin() {
  const { bin, config, tokens, remove } = await install("zones", {
    cast,
    settings: async (dir) => [`cameras: [{ id: hall, name: Hall, driver: file, url: "${await film(dir)}" }]`],
  });
  const { url, end } = await start(bin, ["run", "-c", config]);
  const stop = async () => {
    await end();
    await remove();
  };
  return { url, tokens, stop };
}

const server = await begin();
const browser = await openBrowser();
const ctx = harness(server, browser);
const { clean, narrow } = ctx;

/** A request of somebody, outside the browser. */
const as = (who, ...what) => call(server.url, server.tokens[who], ...what);

const because = { reason: "tried in a test" };

/** One test with the page of an account; `expected` are complaints that the test provokes. */
function test(name, who, options, body) {
  if (ctx.failed) return undefined; // each step rests on those before it
  return ctx.test(
    name,
    { extraHTTPHeaders: { Authorization: `Bearer ${server.tokens[who]}` }, ...options },
    async (page, complaints) => {
      page.setDefaultTimeout(30_000); // it shares its machine with a camera that is looked at
      if (process.env.DIST) await page.route("**/*", fromDisk);
      const said = await body(page, complaints);
      // The browser itself tells of every answer that is a refusal, and of a lost network.
      const own = /status of (403|404|409|412|422|503)|ERR_INTERNET_DISCONNECTED/;
      complaints.splice(0, complaints.length, ...complaints.filter((c) => !own.test(c)));
      return said;
    },
  );
}

/** The pages of a folder under the server's own headers. */
async function fromDisk(route) {
  const { pathname } = new URL(route.request().url());
  if (/^\/(v1|z|whep|whip)\b/.test(pathname) || pathname === "/z.css") return route.fallback();
  const file = /\.\w+$/.test(pathname) ? pathname : "/index.html";
  const type = { html: "text/html", js: "text/javascript", css: "text/css", svg: "image/svg+xml" }[
    file.split(".").at(-1)
  ];
  const first = await route.fetch({ url: `${server.url}/` });
  await route.fulfill({
    body: await readFile(join(process.env.DIST, file)),
    headers: { ...first.headers(), "content-type": `${type}; charset=utf-8`, "content-length": undefined },
  });
}

/** Keeps a picture of the page in both themes and languages, and has axe look at each theme. */
async function look(page, name) {
  for (const theme of ["dark", "light"]) {
    await page.evaluate((t) => {
      document.documentElement.dataset.theme = t;
    }, theme);
    await clean(page);
    if (!process.env.SHOTS) continue;
    await mkdir(process.env.SHOTS, { recursive: true });
    await page.screenshot({ path: join(process.env.SHOTS, `${name}-${theme}.png`), fullPage: true });
  }
  if (process.env.SHOTS && (await page.getByRole("dialog").count()) === 0) {
    await page.getByRole("button", { name: "切换到中文" }).click();
    await page.screenshot({ path: join(process.env.SHOTS, `${name}-zh.png`), fullPage: true });
    await page.getByRole("button", { name: "Switch to English" }).click();
  }
}

/** Presses on the surface at a part of its width and height. */
async function press(page, x, y) {
  const box = await page.locator(".canvas .ground").boundingBox();
  await page.mouse.move(box.x + x * box.width, box.y + y * box.height, { steps: 3 });
  await page.mouse.down();
  await page.mouse.up();
}

const tool = (page, name) => page.getByRole("toolbar").getByRole("button", { name, exact: true }).click();
const save = async (page, name) => {
  await page.getByRole("button", { name }).click();
  await page.getByText("Nothing to save").waitFor();
};
const decide = async (page, name) => {
  await page.getByRole("button", { name, exact: true }).click();
  await page.getByRole("dialog").getByLabel("Why").fill("as planned");
  await page.getByRole("dialog").getByRole("button", { name, exact: true }).click();
};

/** A photograph of a door: an upright picture without anybody. */
let door;
await test("a photograph for the tests", "vera", {}, async (page) => {
  await page.setViewportSize({ width: 480, height: 640 });
  await page.setContent(
    "<body style='background:#b9a98c'><div style='margin:40px;height:520px;background:#553'></div>",
  );
  door = { name: "door.jpg", mimeType: "image/jpeg", buffer: await page.screenshot({ type: "jpeg" }) };
});

await test("a new owner is led from nothing to a floor plan", "vera", {}, async (page) => {
  await page.goto(`${server.url}/zones`);
  await page.getByText("From nothing to a live, lawful zone").waitFor();
  await look(page, "start");
  await page.getByLabel("Who is responsible (controller)").fill("Hall Ltd");
  await page.getByLabel("How people reach them").fill("privacy@hall.example");
  await page.getByLabel("Whose law holds").selectOption("default");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("link", { name: "Do this now" }).click();
  await page.getByLabel("Name", { exact: false }).first().fill("Ground floor");
  await page.getByLabel("Width in metres").fill("20");
  await page.getByLabel("Depth in metres").fill("10");
  await look(page, "plan-new");
  await page.getByRole("button", { name: "Save" }).click();
  await page.waitForURL("**/zones/plan/floor-1");
  await page.getByText("Draw a recognition zone on a camera's picture first").waitFor();
});

await test("a camera is registered with its statement and its view", "vera", {}, async (page) => {
  await page.goto(`${server.url}/zones/cameras`);
  await page.getByText("Not registered").waitFor();
  await page.getByRole("link", { name: "Open Hall" }).click();
  await page.getByLabel("Kind of place").selectOption("other");
  await page.getByLabel("Which").fill("changing_room");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Nothing allows that").waitFor();
  await page.getByLabel("Kind of place").selectOption("hall");
  await page.getByLabel("Reference of the paper").fill("paper-17");
  await page.getByLabel("Signed by").fill("vera");
  await page.getByLabel("Installer who was briefed").fill("ivo");
  await page.getByLabel("Briefing confirmed on").fill("2026-11-20");
  await page.getByLabel("Add a photograph").setInputFiles(door);
  await page.getByAltText("Photograph 1").waitFor({ timeout: 60_000 });
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("button", { name: "Confirm the present view" }).waitFor();
  for (const until = Date.now() + 60_000; ; ) {
    if ((await as("vera", "GET", "/v1/cameras/hall/view")).fingerprint) break;
    assert.ok(Date.now() < until, "the camera's view is not told");
    await page.waitForTimeout(500);
  }
  await page.getByAltText("What it sees now, with everybody covered").waitFor({ timeout: 30_000 });
  await decide(page, "Confirm the present view");
  await page.getByText("It looks the way that was confirmed").waitFor({ timeout: 30_000 });
  await look(page, "camera");
});

await test("a scene is described", "vera", {}, async (page) => {
  await page.goto(`${server.url}/zones/scenes`);
  await page.getByRole("button", { name: "Add a scene" }).click();
  await page.getByLabel("Short name").fill("entry");
  await page.getByLabel("Purpose").selectOption("access_control");
  await look(page, "scene-new");
  await page.getByRole("button", { name: "Save" }).click();
  await page.waitForURL("**/zones/scenes/entry");
  await page.getByText("Enable: privacy officer or administrator who did not edit it").waitFor();
  assert.equal(await page.getByRole("button", { name: "Enable" }).count(), 0);
  await look(page, "scene");
});

await test("outlines are drawn by mouse and by keys, checked, undone, saved", "vera", {}, async (page) => {
  await page.goto(`${server.url}/zones/draw/hall`);
  await page.locator(".canvas image").waitFor({ timeout: 30_000 });
  // By mouse: a bow tie is refused as it is drawn, then mended.
  await tool(page, "Draw an outline");
  for (const [x, y] of [
    [0.2, 0.3],
    [0.6, 0.8],
    [0.6, 0.3],
    [0.2, 0.8],
    [0.2, 0.3],
  ])
    await press(page, x, y);
  await page.getByText("The outline crosses itself").first().waitFor();
  assert.ok(await page.getByRole("button", { name: "Save one change" }).isDisabled());
  await page.getByRole("button", { name: "Undo (Ctrl+Z)" }).click();
  await page.getByText("Nothing to save").waitFor();
  await tool(page, "Draw an outline");
  for (const [x, y] of [
    [0.2, 0.3],
    [0.6, 0.3],
    [0.6, 0.8],
    [0.2, 0.8],
    [0.2, 0.3],
  ])
    await press(page, x, y);
  await page.getByLabel("Short name of the zone").fill("door");
  await page.getByLabel("The way through without face recognition").selectOption("staffed");
  await page.getByLabel("In words, as it stands on the sign").fill("The staffed door on the left");
  // A corner is moved by keys, one unit and ten.
  const corner = page.locator('.corner[data-corner="2"]');
  await corner.focus();
  const before = Number(await corner.getAttribute("cx"));
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("Shift+ArrowLeft");
  assert.equal(Math.round(before - Number(await corner.getAttribute("cx"))), 11);
  await page.keyboard.press("Insert");
  assert.equal(await page.locator(".corner").count(), 5);
  assert.equal(await page.evaluate(() => document.activeElement.dataset.corner), "3");
  await page.keyboard.press("Delete");
  assert.equal(await page.locator(".corner").count(), 4);
  await page.keyboard.press("Control+z");
  assert.equal(await page.locator(".corner").count(), 5);
  await page.keyboard.press("Control+y");
  assert.equal(await page.locator(".corner").count(), 4);
  await look(page, "draw");
  // By keys alone: a prohibited area in the corner.
  await tool(page, "Draw an outline");
  await page.getByLabel("Kind of the next outline").selectOption("prohibited");
  await page.locator(".canvas").focus();
  const move = async (key, n) => {
    for (let i = 0; i < n; i++) await page.keyboard.press(key);
  };
  await move("Shift+ArrowRight", 25);
  await page.keyboard.press("Space");
  await move("Shift+ArrowRight", 10);
  await page.keyboard.press("Space");
  await move("Shift+ArrowDown", 10);
  await page.keyboard.press("Space");
  await page.keyboard.press("Enter");
  assert.equal(await page.locator(".thing.zone.prohibited").count(), 1);
  await page.getByLabel("Short name of the zone").fill("till");
  await save(page, "Save 2 changes");
  const zones = (await as("vera", "GET", "/v1/zones")).items;
  assert.deepEqual(
    zones.map((z) => [z.id, z.kind, z.state, z.outline.length]),
    [
      ["door", "recognition", "draft", 4],
      ["till", "prohibited", "draft", 3],
    ],
  );
  const level = zones[0].outline;
  assert.equal(level[0][1], level[1][1], "snapping made the upper edge level");
  // What is exported can be read again.
  await page.getByText("GeoJSON", { exact: true }).click();
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Export outlines" }).click(),
  ]);
  const text = await readFile(await file.path(), "utf8");
  assert.equal(JSON.parse(text).features.length, 2);
  const input = page.getByLabel("Import outlines");
  await input.setInputFiles({
    name: "a.geojson",
    mimeType: "application/geo+json",
    buffer: Buffer.from("{"),
  });
  await page.getByText("The file is not JSON").waitFor();
  await input.setInputFiles({
    name: "b.geojson",
    mimeType: "application/geo+json",
    buffer: Buffer.from(text),
  });
  await page.getByText("2 outlines read").waitFor();
  await page.getByText("Nothing to save").waitFor();
});

await test("entrances, signs and the camera are placed on the plan", "vera", {}, async (page) => {
  await page.goto(`${server.url}/zones/plan/floor-1?zone=door`);
  await tool(page, "Draw a wall");
  await press(page, 0.1, 0.1);
  await press(page, 0.9, 0.1);
  await tool(page, "Place an entrance");
  await press(page, 0.3, 0.1);
  await page.getByText("✕ No sign").first().waitFor();
  await page.getByLabel("Name of the entrance").fill("Main door");
  await tool(page, "Place a sign");
  await press(page, 0.33, 0.2);
  await page.getByText("✕ Not side by side").first().waitFor();
  await tool(page, "Place a sign");
  await page.getByLabel("Kind of sign").selectOption("monitoring");
  await press(page, 0.6, 0.2);
  await page.getByText("5.4 m").waitFor();
  // Side by side: by its number, as an alternative to dragging.
  await page.locator(".corners summary").click();
  await page.getByLabel("Corner 1: across").fill("7.6");
  await page.keyboard.press("Enter");
  await page.getByText("✓ Complete").first().waitFor();
  await tool(page, "Place a camera");
  await press(page, 0.8, 0.7);
  await page.getByLabel("Direction (°)").fill("225");
  await page.keyboard.press("Tab");
  await look(page, "plan");
  await save(page, /^Save \d changes$/);
  assert.equal((await as("vera", "GET", "/v1/camera-policies")).items[0].placement.direction, 225);
  const signs = (await as("vera", "GET", "/v1/signs")).items;
  assert.deepEqual(signs.map((s) => s.kind).toSorted(), ["face_recognition", "monitoring"]);
  assert.ok(signs.every((s) => s.translations["zh-CN"].alternative.includes("人工核验")));
  await page.reload();
  await page.getByText("✓ Complete").first().waitFor();
  assert.equal(await page.locator(".thing.sign").count(), 2);
});

await test(
  "a sign says what it must, in both languages, and prints on one page",
  "vera",
  {},
  async (page) => {
    const sign = (await as("vera", "GET", "/v1/signs")).items.find((s) => s.kind === "face_recognition");
    await page.goto(`${server.url}/zones/sign/${sign.id}`);
    await page.getByText("It says everything it must").first().waitFor();
    const retention = page.getByLabel("What is kept and how long").first();
    await retention.fill("");
    await page.getByText("It does not say: What is kept and how long").waitFor();
    assert.ok(await page.getByRole("button", { name: "Save" }).isDisabled());
    await page.getByRole("button", { name: "Fill in what the site knows" }).click();
    assert.notEqual(await retention.inputValue(), "");
    await page.getByLabel("Add a photograph").setInputFiles(door);
    await page.getByAltText("Photograph 1").waitFor({ timeout: 60_000 });
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved").waitFor();
    await look(page, "sign");
    await page.getByRole("link", { name: "Print" }).click();
    await page.getByText("works on this machine only").waitFor();
    await look(page, "sign-print");
    await page.getByLabel("Address under which visitors reach this page").fill("https://hall.example");
    const shot = await page.locator(".qr").screenshot();
    assert.equal((await decode(shot)).data, "https://hall.example/z/door");
    for (const form of ["landscape", "portrait"])
      for (const lang of ["both", "en", "zh-CN"]) {
        await page.getByLabel("Format").selectOption(form);
        await page.getByLabel("Language").selectOption(lang);
        const fits = await page.locator(".sheet-body").evaluate((el) => el.scrollHeight - el.clientHeight);
        assert.ok(fits <= 1, `${form} ${lang}: what the sign says is ${fits} px higher than the page`);
        const pdf = await page.pdf({ preferCSSPageSize: true, printBackground: true });
        if (process.env.SHOTS) await writeFile(join(process.env.SHOTS, `sign-${form}-${lang}.pdf`), pdf);
        assert.equal(
          (pdf.toString("latin1").match(/\/Type\s*\/Page\b/g) ?? []).length,
          1,
          `${form} ${lang}: one page`,
        );
        const [, w, h] = /\/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]/.exec(pdf.toString("latin1"));
        assert.equal(Number(w) > Number(h), form === "landscape");
      }
  },
);

/** What a picture's QR code says; the browser unpacks the picture. */
async function decode(png) {
  const page = await browser.newPage();
  const { data, width, height } = await page.evaluate(async (b64) => {
    const img = new Image();
    img.src = `data:image/png;base64,${b64}`;
    await img.decode();
    const c = new OffscreenCanvas(img.width, img.height).getContext("2d");
    c.drawImage(img, 0, 0);
    const d = c.getImageData(0, 0, img.width, img.height);
    return { data: [...d.data], width: d.width, height: d.height };
  }, png.toString("base64"));
  await page.close();
  return jsQR(Uint8ClampedArray.from(data), width, height);
}

await test("the owner declares it planned, and cannot inspect it", "vera", {}, async (page) => {
  await page.goto(`${server.url}/zones/zone/door`);
  await page.getByText("conditions are missing").waitFor();
  await decide(page, "Entrances and signs are planned");
  await page.locator(".chip", { hasText: "Signs planned" }).waitFor();
  await look(page, "zone-planned");
  await page.getByRole("link", { name: "Inspect the zone" }).click();
  // She is an inspector too, but not of what she planned; the server says the same.
  await page.getByText("You planned this zone. An inspection counts only when somebody else walks").waitFor();
  await look(page, "walk-planner");
  await assert.rejects(
    as("vera", "POST", "/v1/inspections", { zone: "door", passed: false }),
    /INSPECTOR_IS_PLANNER/,
  );
});

const phone = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };

await test("the walk on a telephone goes on without a network", "ines", phone, async (page) => {
  await page.goto(`${server.url}/zones/inspect`);
  await narrow(page);
  await page.getByRole("link", { name: "Walk it door" }).click();
  await page.getByText("Entrance 1 of 1: Main door").waitFor();
  await narrow(page);
  await page.context().setOffline(true);
  await page.getByText("No network. Go on").waitFor();
  const no = page.getByRole("group", { name: "It can be read from where people stand" });
  for (const group of await page.locator(".walk-check").all())
    await group.getByRole("radio", { name: "Yes" }).tap();
  await no.getByRole("radio", { name: "No" }).tap();
  await page.getByLabel("Photograph from a visitor’s eye").setInputFiles(door);
  await page.getByText("On this telephone, waits to be sent").waitFor();
  await page.getByText("Not everything is in order").waitFor();
  await look(page, "walk-offline");
  await no.getByRole("radio", { name: "Yes" }).tap();
  await page.getByText("Everything is in order. Once sent").waitFor();
  await page.getByRole("button", { name: "Send the inspection" }).tap();
  await page.getByText("Kept on this telephone. It is").waitFor();
  assert.equal((await as("ines", "GET", "/v1/inspections")).items.length, 0);
  await page.context().setOffline(false);
  await page.getByText("The inspection is recorded").waitFor({ timeout: 60_000 });
  const [inspection] = (await as("ines", "GET", "/v1/inspections")).items;
  assert.equal(inspection.inspector, "ines");
  assert.equal(Object.keys(inspection.photos).length, 1);
  const kept = await page.evaluate(async () => {
    const open = indexedDB.open("bystander-inspections");
    await new Promise((done) => {
      open.onsuccess = done;
    });
    const count = (s) =>
      new Promise((done) => {
        const r = open.result.transaction(s).objectStore(s).count();
        r.onsuccess = () => done(r.result);
      });
    return [await count("walks"), await count("photos")];
  });
  assert.deepEqual(kept, [0, 0], "nothing of the walk is left on the telephone");
});

await test(
  "going live is refused with every reason, each with where it is mended",
  "paul",
  {},
  async (page) => {
    await page.goto(`${server.url}/zones/zone/door`);
    await decide(page, "Go live");
    const dialog = page.getByRole("dialog");
    await dialog.getByText("The impact assessment is missing").waitFor();
    await dialog.getByText("No notice is published and in force").waitFor();
    await dialog.getByText("Counsel has not reviewed the scene").waitFor();
    await look(page, "refused");
    assert.ok((await dialog.getByRole("link", { name: "Go to the privacy office" }).count()) >= 3);
  },
);

/** What the privacy office does, by the interface: a notice by two, assessment, review, enabling. */
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
    scene: "entry",
    necessity: "queues at the door",
    effects: "few",
    child_rules: "nobody under 14 is enrolled",
    outcome: "approved",
    valid_until: new Date(Date.now() + 300 * 86_400_000).toISOString(),
  });
  await as("paul", "POST", `/v1/assessments/${id}/approve`, because);
  await as("pia", "POST", "/v1/scenes/entry/assess", { assessment: id });
  await as("pia", "PUT", "/v1/scenes/entry/legal-review", {
    reviewer: "counsel",
    date: new Date(Date.now() - 3_600_000).toISOString(),
  });
  for (const until = Date.now() + 30_000; !(await as("paul", "GET", "/v1/scenes/entry")).notice; ) {
    assert.ok(Date.now() < until, "the scene does not rest on the notice");
    await new Promise((done) => setTimeout(done, 300));
  }
}

await test("once everything is in place it goes live", "paul", {}, async (page) => {
  await office();
  await page.goto(`${server.url}/zones/scenes/entry`);
  await decide(page, "Enable");
  await page.locator(".chip", { hasText: "Enabled" }).waitFor();
  // The notice came after the inspection, so the zone is walked again.
  const zone = await as("paul", "GET", "/v1/zones/door");
  if (zone.state === "signs_planned") {
    const jpeg = { "Content-Type": "image/jpeg", Authorization: `Bearer ${server.tokens.ines}` };
    const photo = await (
      await fetch(`${server.url}/v1/photos`, { method: "POST", headers: jpeg, body: door.buffer })
    ).json();
    const [entrance] = (await as("ines", "GET", "/v1/entrances")).items;
    await as("ines", "POST", "/v1/inspections", {
      zone: "door",
      passed: true,
      photos: { [entrance.id]: photo.id },
    });
  }
  await page.goto(`${server.url}/zones/zone/door`);
  await page.getByText("Everything is in place").waitFor();
  await decide(page, "Go live");
  await page.getByText("Live: everything it rests on holds").waitFor();
  await look(page, "zone-live");
  assert.equal((await as("paul", "GET", "/v1/public/zones/door")).active, true);
  await page.goto(`${server.url}/zones`);
  await page.getByText("runs out in").first().waitFor();
  await look(page, "overview");
  await page.setViewportSize({ width: 360, height: 740 });
  await narrow(page);
  for (const path of ["zone/door", "plan/floor-1", "draw/hall", "cameras/hall", "scenes/entry", "inspect"]) {
    await page.goto(`${server.url}/zones/${path}`);
    await page.locator("h1").waitFor();
    await page.waitForLoadState("networkidle");
    await narrow(page);
    await clean(page);
    if (process.env.SHOTS)
      await page.screenshot({
        path: join(process.env.SHOTS, `360-${path.replace("/", "-")}.png`),
        fullPage: true,
      });
  }
});

await test("whoever may stop it suspends the zone at once", "vera", {}, async (page) => {
  await page.goto(`${server.url}/zones/zone/door`);
  await decide(page, "Suspend");
  await page.locator(".chip", { hasText: "Suspended" }).waitFor();
  assert.equal((await as("paul", "GET", "/v1/zones/door")).state, "suspended");
  assert.equal((await as("paul", "GET", "/v1/public/zones/door")).active, false);
  assert.equal(await page.getByRole("button", { name: "Suspend", exact: true }).count(), 0);
  await page.reload(); // it stays so
  await page.locator(".chip", { hasText: "Suspended" }).waitFor();
});

await test(
  "a picture of a floor plan is uploaded, and its shape gives the depth",
  "vera",
  {},
  async (page) => {
    await page.goto(`${server.url}/zones/plan/new`);
    await page.getByLabel("Name", { exact: false }).first().fill("Upper floor");
    await page.getByLabel("Picture of the plan").setInputFiles({ ...door, name: "plan.jpg" });
    await page.getByLabel("Width in metres").fill("12");
    await page.getByRole("button", { name: "Save" }).click();
    await page.waitForURL("**/zones/plan/floor-2", { timeout: 60_000 });
    const ground = page.locator(".canvas image");
    await ground.waitFor();
    const plan = (await as("vera", "GET", "/v1/floorplans")).items.find((p) => p.id === "floor-2");
    assert.deepEqual([plan.width_m, plan.depth_m], [12, 16], "the picture is upright: 480 by 640");
    const shown = await page.request.get(new URL(await ground.getAttribute("href"), server.url).href);
    assert.equal(shown.status(), 200);
    assert.match(shown.headers()["content-type"], /^image\//);
    await look(page, "plan-picture");
  },
);

await test(
  "a sign that no longer stands takes the zone out of use; an end is final",
  "vera",
  {},
  async (page) => {
    const sign = (await as("vera", "GET", "/v1/signs")).items.find((s) => s.kind === "monitoring");
    await page.goto(`${server.url}/zones/sign/${sign.id}`);
    await decide(page, "The sign no longer stands");
    await page.getByText("There is no sign").waitFor();
    await page.goto(`${server.url}/zones/zone/door`);
    await page.getByText("does not stand beside the face-recognition sign").waitFor();
    await decide(page, "End the zone for good");
    await page.locator(".chip", { hasText: "Ended" }).waitFor();
  },
);

await browser.close();
await server.stop();
if (ctx.failed) process.exitCode = 1;
