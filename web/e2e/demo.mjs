// The demonstration in real Chromium: its sample site is a living one. Visitors
// act as the venue owner, who edits a live zone and so closes it, as the
// inspector, and as an administrator, who lets it go live again. BYSTANDER names
// a program that is built already, SHOTS a folder for pictures.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { harness } from "./harness.mjs";
import { place, shared, start } from "./program.mjs";
import { openBrowser } from "./server.mjs";

process.env.BYSTANDER_SHARED ??= shared;
const zone = "stage-zone";
const at = await place("demo");
const program = await start(at.bin, ["demo", "--listen", "127.0.0.1:0", "--data", join(at.dir, "data")]);
const browser = await openBrowser();
const ctx = harness(program, browser);

/** One step as the sample account of a role. */
function test(name, role, body) {
  if (ctx.failed) return undefined; // each step rests on those before it
  return ctx.test(name, { colorScheme: "light" }, async (page, complaints) => {
    page.setDefaultTimeout(60_000); // two cameras are looked at on the same machine
    await page.goto(`${program.url}/privacy`);
    await ask(page, "POST", "/v1/demo/act-as", { role });
    await page.goto(program.url);
    await page.locator("main h1").first().waitFor({ state: "attached" });
    const said = await body(page);
    const own = /status of (401|404|409)/;
    complaints.splice(0, complaints.length, ...complaints.filter((c) => !own.test(c)));
    return said;
  });
}

/** A request of the page itself, with its session. */
async function ask(page, method, path, body) {
  const { ok, status, text } = await page.evaluate(
    async ([m, p, b]) => {
      const { csrf = "" } = await (await fetch("/v1/session")).json();
      const headers = { "X-Bystander-CSRF": csrf, ...(b ? { "Content-Type": "application/json" } : {}) };
      const res = await fetch(p, { method: m, headers, ...(b ? { body: JSON.stringify(b) } : {}) });
      return { ok: res.ok, status: res.status, text: await res.text() };
    },
    [method, path, body],
  );
  assert.ok(ok, `${method} ${path}: ${status} ${text}`);
  return text ? JSON.parse(text) : undefined;
}

/** Why faces are not compared on the performer's camera now; empty while they may be. */
async function closed(page) {
  const { cameras } = await ask(page, "GET", "/v1/cameras");
  return cameras.find((c) => c.id === "stage").matching.code ?? "";
}

async function until(what, hold) {
  for (const end = Date.now() + 30_000; !(await hold()); ) {
    assert.ok(Date.now() < end, what);
    await new Promise((done) => setTimeout(done, 250));
  }
}

async function shot(page, name) {
  if (!process.env.SHOTS) return;
  await mkdir(process.env.SHOTS, { recursive: true });
  await page.screenshot({ path: join(process.env.SHOTS, `${name}.png`), fullPage: true });
}

try {
  await test(
    "the operator halts recognition by keys: the guest on the picture is masked",
    "operator",
    async (page) => {
      const tile = page.locator('[data-camera="stage"].is-live');
      const shown = tile.locator(".chip.clear", { hasText: "Shown under consent" });
      await shown.waitFor({ timeout: 180_000 }); // until somebody was recognised
      await page.locator("body").press("h");
      const dialog = page.getByRole("dialog", { name: "Halt recognition" });
      await dialog.getByLabel("Everything, everywhere").waitFor();
      await ctx.clean(page);
      await dialog.getByLabel("Why").fill("a drill");
      await dialog.getByRole("button", { name: "Halt everything" }).press("Enter");
      await page.getByText(/^Recognition is halted by you since /).waitFor();
      await page.getByText("Two people resume it").waitFor();
      const masked = async () => {
        const { cameras } = await ask(page, "GET", "/v1/cameras");
        return cameras.every((c) => !c.matching.on && c.mask.clear === 0);
      };
      await until("everybody is masked", masked);
      // Not for a moment: no picture of the clip shows the guest any more.
      const before = await ask(page, "GET", "/v1/cameras/stage");
      await tile.getByText("Halted: everybody masked").waitFor();
      for (let i = 0; i < 12; i++) {
        assert.ok(await masked());
        await page.waitForTimeout(250);
      }
      assert.ok((await ask(page, "GET", "/v1/cameras/stage")).frames > before.frames, "pictures go on");
      assert.equal(await page.locator(".tile .chip.halted").count(), await page.locator(".tile").count());
      assert.equal(await shown.count(), 0);
      assert.equal(await page.getByRole("link", { name: "Ask to resume" }).count(), 0);
      assert.equal(await page.getByRole("button", { name: "Halt recognition…" }).count(), 0);
      await ctx.clean(page);
      await shot(page, "demo-4-halted");
    },
  );

  await test(
    "everybody on the staff reads of it, and who may resume ends the halt",
    "administrator",
    async (page) => {
      await page.goto(`${program.url}/admin/users`);
      await page.getByText(/^Recognition is halted by /).waitFor();
      await page.getByRole("link", { name: "Ask to resume" }).click();
      await page.getByRole("heading", { level: 1, name: "Halt" }).waitFor();
      await shot(page, "demo-5-told");
    },
  );

  for (const role of ["administrator", "privacy_officer"])
    await test(`the halt ends with the second of two: ${role}`, role, async (page) => {
      const { on } = await ask(page, "POST", "/v1/resume", { reason: "the drill is over" });
      assert.equal(on, role === "administrator", "one is not enough");
    });

  await test("the sample's zone is live, and says whose word that is", "venue_owner", async (page) => {
    await page.goto(`${program.url}/zones/zone/${zone}`);
    await page.getByText("Live: everything it rests on holds").waitFor();
    await page.getByText("demonstration").first().waitFor();
    await shot(page, "demo-1-live");
  });

  await test("the owner changes it, and it is closed until others agree", "venue_owner", async (page) => {
    await page.goto(`${program.url}/zones/zone/${zone}`);
    await page.getByLabel("In words, as it stands on the sign").fill("The staffed door on the right");
    await page.getByRole("button", { name: "Save" }).click();
    await page.locator(".chip", { hasText: "Signs planned" }).waitFor();
    await page
      .getByText(/missing/)
      .first()
      .waitFor();
    await shot(page, "demo-2-closed");
  });

  await test("the picture follows: nobody is compared", "operator", (page) =>
    until("the gate closes", async () => (await closed(page)) === "ZONE_NOT_LIVE"),
  );

  await test("the inspector walks it", "inspector", async (page) => {
    const photo = await page.evaluate(async () => {
      const canvas = new OffscreenCanvas(320, 240);
      const c = canvas.getContext("2d");
      c.fillStyle = "#b9a98c";
      c.fillRect(0, 0, 320, 240);
      const body = await canvas.convertToBlob({ type: "image/jpeg" });
      const { csrf } = await (await fetch("/v1/session")).json();
      const headers = { "Content-Type": "image/jpeg", "X-Bystander-CSRF": csrf };
      const res = await fetch("/v1/photos", { method: "POST", headers, body });
      const text = await res.text();
      if (!res.ok) throw new Error(text);
      return JSON.parse(text).id;
    });
    await ask(page, "POST", "/v1/inspections", { zone, passed: true, photos: { main: photo } });
  });

  await test("somebody else lets it go live, and the picture follows", "administrator", async (page) => {
    await page.goto(`${program.url}/zones/zone/${zone}`);
    await page.getByText("Everything is in place").waitFor();
    await page.getByRole("button", { name: "Go live", exact: true }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Why").fill("inspected");
    await dialog.getByRole("button", { name: "Go live", exact: true }).click();
    await page.getByText("Live: everything it rests on holds").waitFor();
    await shot(page, "demo-3-live");
  });

  await test("faces are compared again", "operator", (page) =>
    until("the gate opens", async () => (await closed(page)) === ""),
  );

  await test("the public pages carry nothing of the workplaces", "operator", async (page) => {
    for (const path of ["/me", "/me/request"]) {
      await page.goto(program.url + path);
      await page.locator("main h1").first().waitFor();
      const nav = page.getByRole("navigation").getByRole("link");
      assert.deepEqual(await nav.allTextContents(), ["My data", "Ask or object", "Privacy notice"]);
      assert.equal(await page.locator(".notices .note, .who, .link[role=status]").count(), 0);
      await page.locator(".badge", { hasText: "Sample site" }).waitFor();
      await page.getByRole("link", { name: "Back to the workplaces" }).waitFor();
      await ctx.clean(page);
    }
    await page.getByRole("navigation").getByRole("link", { name: "Privacy notice" }).click();
    await page.locator(".mast .who", { hasText: /./ }).waitFor();
    await page.locator(".mast a[lang='zh-CN']").click();
    await page.getByRole("link", { name: /^切换主题/ }).click();
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
    await page.locator(".mast").getByRole("link", { name: "我的数据" }).click();
    await page.locator("main h1").first().waitFor();
    const root = await page.evaluate(() => [
      document.documentElement.lang,
      document.documentElement.dataset.theme,
    ]);
    assert.deepEqual(root, ["zh-CN", "dark"], "language and theme go along");
  });
} finally {
  await browser.close();
  await program.end();
  await at.remove();
}
if (ctx.failed) process.exitCode = 1;
