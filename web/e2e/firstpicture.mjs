// How soon the first picture is there: in a browser that has just been started, and
// after each of five reloads; from the tile's mount, and from the navigation.
// Usage: node e2e/firstpicture.mjs. BYSTANDER names a program that is built already.
import assert from "node:assert/strict";
import { loadavg } from "node:os";
import { firstPicture, noteFirst, patience, startCameras } from "./cost.mjs";
import { openBrowser } from "./server.mjs";

const server = await startCameras("firstpicture", 1, 25);
let browser;
try {
  await new Promise((done) => setTimeout(done, 4000)); // the camera runs, as it does day and night
  const all = [];
  browser = await openBrowser();
  const page = await browser.newPage(server.page);
  await noteFirst(page, "cam1");
  for (let i = 0; i < 6; i++) {
    if (i === 0) await page.goto(server.url);
    else await page.reload();
    const ms = await firstPicture(page);
    all.push(ms.tile);
    console.log(
      `${i === 0 ? "cold browser" : `reload ${i}    `}  first picture ${ms.tile} ms after the tile, ` +
        `${ms.navigation} ms after navigation began`,
    );
  }
  console.log(`load ${loadavg()[0].toFixed(2)}`);
  assert.ok(Math.max(...all) < patience(), `first picture within ${patience()} ms of the tile`);
} finally {
  await browser?.close();
  await server.stop();
}
