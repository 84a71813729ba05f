// What each desk's tests are made of: a page that fails on any complaint, axe, and
// pictures counted as they are shown.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Joins a server and a browser to the context that desks' tests take. */
export function harness(server, browser) {
  const origin = new URL(server.url).origin;
  const ctx = { server, browser, failed: 0, test, clean, narrow, countFrames };

  /** Runs one test on a fresh page, if its name has ONLY in it; fails on anything the console complains of. */
  async function test(name, options, body) {
    if (process.env.ONLY && !name.includes(process.env.ONLY)) return;
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
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
      ctx.failed++;
      console.error(`FAIL  ${name}\n${err.stack ?? err}\nconsole: ${complaints.join("\n")}`);
    } finally {
      await context.close();
    }
  }
  return ctx;
}

/** Counts the pictures that a tile shows within a time. */
function countFrames(page, camera, ms) {
  return page.evaluate(
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
}

/** Fails when axe finds anything. */
async function clean(page) {
  // What a button announced while it worked names the button for some seconds, also once that is gone.
  await page.waitForFunction(() => !document.querySelector("[data-live-announcer] [role=img]"));
  await page.evaluate(axe);
  const found = await page.evaluate(() =>
    globalThis.axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }),
  );
  const lines = found.violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.html).join(" | ")}`);
  assert.deepEqual(lines, []);
}

/** Fails when the page is wider than the window. */
async function narrow(page) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wide <= 0, `the page is ${wide} px wider than the window`);
}
