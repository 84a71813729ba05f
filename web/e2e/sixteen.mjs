// What sixteen tiles cost, for the machine that serves them and the one that shows
// them: the program with sixteen cameras, first watched by nobody, then all on one
// wall, each at its small size. Fails unless all sixteen play, and play small.
// Usage: node e2e/sixteen.mjs [SECONDS]. BYSTANDER names a program that is built already.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { browserPid, cpu, startCameras } from "./cost.mjs";
import { openBrowser } from "./server.mjs";

const seconds = Number(process.argv[2] ?? "20");
const fps = 6;
const server = await startCameras("sixteen", 16, fps);
const browser = await openBrowser();
const wait = (s) => new Promise((done) => setTimeout(done, s * 1000));

/** Counts the pictures of every tile from now on, and tells how large they are. */
const count = () => {
  window.shown = {};
  for (const video of document.querySelectorAll("[data-camera] video")) {
    const id = video.closest("[data-camera]").dataset.camera;
    if (window.counting?.has(video)) continue;
    window.counting ??= new Set();
    window.counting.add(video);
    const one = () => {
      window.shown[id] = (window.shown[id] ?? 0) + 1;
      video.requestVideoFrameCallback(one);
    };
    video.requestVideoFrameCallback(one);
  }
};

/** CPU of both sides over the time, in cores. */
async function measure() {
  const client = browserPid();
  const [s, c, at] = [cpu(server.pid), cpu(client), performance.now()];
  await wait(seconds);
  const took = (performance.now() - at) / 1000;
  return { took, server: (cpu(server.pid) - s) / took, client: (cpu(client) - c) / took };
}

const line = (what, m) =>
  `${what.padEnd(24)} server ${m.server.toFixed(2)} cores, browser ${m.client.toFixed(2)} cores`;

try {
  const page = await browser.newPage(server.page);
  await page.goto(`${server.url}/account`); // a page of the house that plays nothing
  await wait(5); // the cameras begin
  console.log(line("nobody watches", await measure()));

  await page.goto(server.url);
  await page.waitForFunction(
    () => {
      const videos = [...document.querySelectorAll("[data-camera] video")];
      return videos.length === 16 && videos.every((v) => v.videoWidth > 0);
    },
    null,
    { timeout: 120_000 },
  );
  await wait(5); // each tile settles on its size
  await page.evaluate(count);
  const m = await measure();
  const shown = await page.evaluate(() => window.shown);
  const sizes = await page.evaluate(() => [
    ...new Set(
      [...document.querySelectorAll("[data-camera] video")].map((v) => `${v.videoWidth}×${v.videoHeight}`),
    ),
  ]);
  const rates = Object.values(shown).map((n) => n / m.took);
  console.log(
    `${line("sixteen small tiles", m)}; ${rates.length} of 16 play ${sizes.join(", ")} at ` +
      `${Math.min(...rates).toFixed(1)} to ${Math.max(...rates).toFixed(1)} of ${fps} pictures/s`,
  );
  console.log(`load ${(await readFile("/proc/loadavg", "utf8")).trim()}`);
  assert.equal(rates.length, 16, "every tile plays");
  assert.deepEqual(sizes, ["480×270"], "the small rendition is what plays");
} finally {
  await browser.close();
  await server.stop();
}
