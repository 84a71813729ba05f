// The pages in real Chromium against the fake server: pictures play, events
// arrive, recordings seek, a browser publishes, and axe finds nothing.
// URL=… tests a server that already runs instead.
import assert from "node:assert/strict";
import { harness } from "./harness.mjs";
import { openBrowser, startServer } from "./server.mjs";
import { wall } from "./wall.mjs";

const server = process.env.URL ? { url: process.env.URL, stop: async () => {} } : await startServer();
const browser = await openBrowser();
const ctx = harness(server, browser);
const { test, clean, narrow } = ctx;

// The browser's own first start is not what is measured.
await test("the page answers", {}, async (page) => {
  await page.goto(server.url);
  await page.waitForSelector(".tile.is-live");
});
await wall(ctx);

await test("theme and language are kept", {}, async (page) => {
  await page.goto(server.url);
  await page.getByRole("button", { name: "切换到中文" }).click();
  await page.getByRole("heading", { name: "摄像头" }).waitFor();
  await page.getByRole("button", { name: /^主题/ }).click();
  await page.reload();
  await page.getByRole("heading", { name: "摄像头" }).waitFor();
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
    ["/publish", 1440],
    ["/publish", 360],
  ]) {
    await test(`axe: ${path} ${colorScheme} ${width}`, {
      colorScheme,
      viewport: { width, height: 800 },
    }, async (page) => {
      await page.goto(server.url + path);
      await page.waitForSelector(".pub-actions");
      await clean(page);
      await narrow(page);
    });
  }
}

await browser.close();
await server.stop();
if (ctx.failed) {
  console.error(`${ctx.failed} failed`);
  process.exit(1);
}
