// Takes the README's pictures anew: the wall and a street before and after, of a
// street that the project's own code draws, a proof that the browser checked, and
// a floor plan. No picture shows anybody.
// Usage: node e2e/readme.mjs FOLDER [live before-after proof plan]. BYSTANDER and
// CROWD name programs that are built already.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { startFurnished } from "./furnish.mjs";
import { call, install, place, root, run, start } from "./program.mjs";
import { openBrowser } from "./server.mjs";

const [folder = "readme", ...chosen] = process.argv.slice(2);
const wants = (name) => chosen.length === 0 || chosen.includes(name);
await mkdir(folder, { recursive: true });
const browser = await openBrowser();
const window = { viewport: { width: 1440, height: 900 } };
const as = (token) => ({ ...window, extraHTTPHeaders: { Authorization: `Bearer ${token}` } });

/** Draws the street; resolves with its film. */
async function street(dir) {
  const film = join(dir, "street.mp4");
  const crowd = process.env.CROWD ?? join(dir, "crowd");
  if (!process.env.CROWD) await run("go", ["build", "-o", crowd, "./internal/tools/crowd"], { cwd: root });
  await run(crowd, [film]);
  return film;
}

/** The same street as four cameras see it: whole, mirrored, closer, and at night. */
const looks = {
  square: ["Market square", "null"],
  arcade: ["Arcade", "hflip"],
  doors: ["North doors", "crop=960:540:320:150"],
  car_park: ["Car park", "crop=1120:630:60:60,eq=brightness=-0.22:contrast=0.9"],
};

async function live() {
  const at = await install("readme", {
    cast: { otto: "operator", vera: "venue_owner" },
    settings: async (dir) => {
      const film = await street(dir);
      const lines = ["cameras:"];
      for (const [id, [name, filter]] of Object.entries(looks)) {
        const out = join(dir, `${id}.mp4`);
        const scaled = `${filter},scale=960:540,fps=10`;
        await run("ffmpeg", [
          "-v",
          "error",
          "-i",
          film,
          "-vf",
          scaled,
          "-g",
          "10",
          "-pix_fmt",
          "yuv420p",
          out,
        ]);
        lines.push(`  - { id: ${id}, name: "${name}", driver: file, url: "${out}" }`);
      }
      return lines;
    },
  });
  const program = await start(at.bin, ["run", "-c", at.config]);
  try {
    const site = {
      id: "harbour-hall",
      name: "Harbour Hall Ltd.",
      contact: "privacy@harbour.example",
      profile: "cn",
    };
    await call(program.url, at.tokens.vera, "POST", "/v1/sites", { ...site, reason: "for a picture" });
    const context = await browser.newContext({ ...as(at.tokens.otto), colorScheme: "dark" });
    const page = await context.newPage();
    await page.goto(program.url);
    await page.waitForFunction((n) => document.querySelectorAll(".tile.is-live").length === n, 4, {
      timeout: 60_000,
    });
    await page.waitForTimeout(20_000); // until the figures have settled
    await page.screenshot({ path: join(folder, "live.png") });
    await context.close();
  } finally {
    await program.end();
    await at.remove();
  }
}

async function beforeAfter() {
  const at = await place("readme");
  try {
    const film = await street(at.dir);
    const redacted = join(at.dir, "redacted.mp4");
    await run(at.bin, ["redact", "--in", film, "--out", redacted], { cwd: root });
    const half = (n) => `[${n}]select=eq(n\\,180),scale=640:360[p${n}]`;
    const joined = `${half(0)};${half(1)};[p0][p1]hstack`;
    const both = ["-i", film, "-i", redacted, "-filter_complex", joined, "-frames:v", "1"];
    await run("ffmpeg", ["-v", "error", "-y", ...both, join(folder, "before-after.png")]);
  } finally {
    await at.remove();
  }
}

/** The proof is of a match, which needs somebody who was recognised: the demonstration. Its page shows no picture. */
async function proof() {
  const at = await place("readme");
  const program = await start(at.bin, ["demo", "--listen", "127.0.0.1:0", "--data", join(at.dir, "data")]);
  try {
    const context = await browser.newContext({ ...window, colorScheme: "dark" });
    const page = await context.newPage();
    await context.request.post(`${program.url}/v1/demo/act-as`, { data: { role: "auditor" } });
    const ask = `${program.url}/v1/audit/questions/confirmations/answer?purpose=audit`;
    let event;
    while (!event) {
      event = (await (await context.request.get(ask)).json()).rows[0]?.event_id;
      if (!event) await page.waitForTimeout(2000);
    }
    await page.goto(`${program.url}/audit/events/${event}`);
    const held = page.locator('[data-verdict="held"]');
    while (!(await held.isVisible())) {
      await page.waitForTimeout(5000); // until a checkpoint covers it
      await page.reload();
      await page.locator("[data-verdict]").waitFor();
    }
    await page.screenshot({ path: join(folder, "proof.png") });
    await context.close();
  } finally {
    await program.end();
    await at.remove();
  }
}

async function floorPlan() {
  const house = await startFurnished(browser);
  try {
    const context = await browser.newContext({ ...as(house.tokens.venue_owner), colorScheme: "light" });
    const page = await context.newPage();
    await page.setViewportSize({ width: 1440, height: 1010 }); // the whole plan
    await page.goto(`${house.url}/zones/plan/${house.ids.plan}`);
    await page.locator(".canvas").waitFor();
    await page.waitForTimeout(1500);
    await page.screenshot({ path: join(folder, "plan.png") });
    await context.close();
  } finally {
    await house.stop();
  }
}

try {
  if (wants("before-after")) await beforeAfter();
  if (wants("live")) await live();
  if (wants("plan")) await floorPlan();
  if (wants("proof")) await proof();
} finally {
  await browser.close();
}
