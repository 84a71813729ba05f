// The pages in real Chromium against the fake server: pictures play, events
// arrive, recordings seek, a browser publishes, and axe finds nothing.
// URL=… tests a server that already runs instead.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { openBrowser, startServer } from "./server.mjs";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const server = process.env.URL ? { url: process.env.URL, stop: async () => {} } : await startServer();
const browser = await openBrowser();
const origin = new URL(server.url).origin;
let failed = 0;

/** Runs one test on a fresh page; fails on anything the console complains of. */
async function test(name, options, body) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (m) => {
    if (["error", "warning"].includes(m.type())) complaints.push(m.text());
  });
  page.on("pageerror", (e) => complaints.push(String(e)));
  page.on("request", (r) => {
    if (!r.url().startsWith(origin) && !r.url().startsWith("blob:")) complaints.push(`foreign: ${r.url()}`);
  });
  const start = performance.now();
  try {
    const said = await body(page, complaints);
    assert.deepEqual(complaints, []);
    console.log(`ok    ${name} (${Math.round(performance.now() - start)} ms)${said ? `: ${said}` : ""}`);
  } catch (err) {
    failed++;
    console.error(`FAIL  ${name}\n${err.stack ?? err}\nconsole: ${complaints.join("\n")}`);
  } finally {
    await context.close();
  }
}

/** Counts the pictures that a tile shows within a time. */
const countFrames = (page, camera, ms) =>
  page.evaluate(
    ([id, wait]) =>
      new Promise((done) => {
        const video = document.querySelector(`[data-camera="${id}"] video`);
        let n = 0;
        const count = () => {
          n++;
          video.requestVideoFrameCallback(count);
        };
        video.requestVideoFrameCallback(count);
        setTimeout(() => done(n), wait);
      }),
    [camera, ms],
  );

async function clean(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(() =>
    axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }),
  );
  const lines = found.violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.html).join(" | ")}`);
  assert.deepEqual(lines, []);
}

// The browser's own first start is not what is measured.
await test("the page answers", {}, async (page) => {
  await page.goto(server.url);
  await page.waitForSelector(".tile.is-live");
});

await test("the live picture plays", {}, async (page) => {
  await page.goto(server.url);
  await page.waitForSelector('[data-camera="stage"].is-live');
  const first = await page.evaluate(() => Math.round(performance.now()));
  assert.ok(first < 20000, `first picture after ${first} ms`);
  const frames = await countFrames(page, "stage", 2000);
  assert.ok(frames >= 30, `${frames} pictures in 2 s`);
  return `${frames} pictures in 2 s; shown ${first} ms after navigation began`;
});

await test("states of cameras are explained", {}, async (page) => {
  await page.goto(server.url);
  await page.getByText("The camera does not answer").waitFor();
  await page.getByText("Nobody can be seen until it works again").waitFor();
  await page.getByText("Waiting for somebody to publish").waitFor();
  await page.getByText("This is a sample site").waitFor();
  assert.equal(await page.locator(".health tbody tr").count(), 5);
});

await test("events arrive as they happen", {}, async (page) => {
  await page.goto(server.url);
  await page.locator(".event.fresh").first().waitFor({ timeout: 15000 });
  assert.match(
    await page.locator(".event-text").first().textContent(),
    /^Guest [A-Z]\d[A-Z]{2} .* under consent/,
  );
  const before = await page.locator(".event").count();
  await page.getByRole("button", { name: "Cameras" }).click();
  assert.ok((await page.locator(".event").count()) < before);
  await page.locator(".event summary").first().click();
  await page.getByText("Row hash").first().waitFor();
});

await test("a recording plays, pauses by Space and seeks", {}, async (page) => {
  await page.goto(server.url);
  await page.locator(".rec").first().click();
  const video = page.locator(".player video");
  await page.waitForFunction(() => document.querySelector(".player video")?.currentTime > 0.3);
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("Space");
  assert.equal(await video.evaluate((v) => v.paused), true);
  await video.evaluate((v) => {
    v.currentTime = 5;
  });
  await page.waitForFunction(() => document.querySelector(".player video").seeking === false);
  assert.ok((await video.evaluate((v) => v.currentTime)) >= 4.5);
  assert.equal(await page.locator(".rec[aria-current]").count(), 1);
});

await test("the wall is walked by keys", {}, async (page) => {
  await page.goto(server.url);
  await page.locator('[data-camera="arcade"]').focus();
  await page.keyboard.press("ArrowRight");
  const focused = () => page.evaluate(() => document.activeElement.dataset.camera);
  assert.equal(await focused(), "gate");
  await page.keyboard.press("ArrowDown");
  assert.equal(await focused(), "quay");
  await page.keyboard.press("f");
  await page.waitForFunction(() => document.fullscreenElement?.dataset.camera === "quay");
  await page.keyboard.press("f");
  await page.waitForFunction(() => !document.fullscreenElement);
  await page.keyboard.press("?");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => !document.querySelector("dialog[open]"));
});

await test("theme and language are kept", {}, async (page) => {
  await page.goto(server.url);
  await page.getByRole("button", { name: "切换到中文" }).click();
  await page.getByRole("heading", { name: "录像" }).waitFor();
  await page.getByRole("button", { name: /^主题/ }).click();
  await page.reload();
  await page.getByRole("heading", { name: "录像" }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), "zh-CN");
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
});

await test("a browser publishes after a click, and not before", { permissions: ["camera"] }, async (page) => {
  await page.addInitScript(() => {
    const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    window.asked = [];
    navigator.mediaDevices.getUserMedia = (c) => {
      window.asked.push(c);
      return real(c);
    };
  });
  await page.goto(`${server.url}/publish?camera=phone`);
  const button = page.getByRole("button", { name: "Ask for my camera and publish" });
  await button.waitFor();
  assert.deepEqual(await page.evaluate(() => window.asked), []);
  await button.click();
  await page.getByText("You are publishing").waitFor();
  await page.waitForFunction(() => /\d+ kbit/.test(document.body.textContent));
  assert.equal(await page.evaluate(() => window.asked[0].audio), false);
  await page.getByRole("button", { name: "Stop publishing" }).click();
  await button.waitFor();
});

await test(
  "the live page may not ask for a camera at all",
  { permissions: ["camera"] },
  async (page, complaints) => {
    await page.goto(server.url);
    const name = await page.evaluate(() =>
      navigator.mediaDevices.getUserMedia({ video: true }).then(
        () => "allowed",
        (e) => e.name,
      ),
    );
    assert.equal(name, "NotAllowedError");
    complaints.length = 0; // the browser says that it refused
  },
);

for (const colorScheme of ["dark", "light"]) {
  for (const [path, width] of [
    ["/", 1440],
    ["/", 360],
    ["/publish", 1440],
    ["/publish", 360],
  ]) {
    await test(`axe: ${path} ${colorScheme} ${width}`, {
      colorScheme,
      viewport: { width, height: 800 },
    }, async (page) => {
      await page.goto(server.url + path);
      await page.waitForSelector(path === "/" ? ".tile.is-live" : ".pub-actions");
      if (path === "/") await page.locator(".event").first().waitFor();
      await clean(page);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wide <= 0, `the page is ${wide} px wider than the window`);
    });
  }
}

await browser.close();
await server.stop();
if (failed) {
  console.error(`${failed} failed`);
  process.exit(1);
}
