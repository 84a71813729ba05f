// The auditors' desk in real Chromium against the program itself: questions asked
// and taken away, an event's proof checked in the browser and tampered ones
// refused, the log verified, a name that takes two people. It plays the sample
// clips until somebody was recognised. BYSTANDER names a program that is built
// already, URL a demonstration that runs and has recognised somebody, SHOTS a
// folder for pictures.
import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { patience } from "./cost.mjs";
import { harness } from "./harness.mjs";
import { place, start } from "./program.mjs";
import { openBrowser } from "./server.mjs";

const shots = process.env.SHOTS;

/** Starts the demonstration with its sample clips; resolves with its address and a way to stop it. */
async function begin() {
  if (process.env.URL) return { url: process.env.URL, stop: async () => {} };
  const { dir, bin, remove } = await place("audit");
  const { url, end } = await start(bin, ["demo", "--listen", "127.0.0.1:0", "--data", join(dir, "data")]);
  const stop = async () => {
    await end();
    await remove();
  };
  return { url, stop };
}

/** Runs the tests against a running demonstration. */
export async function audit(ctx) {
  const { server, test, clean, narrow } = ctx;
  const as = async (page, role) => {
    await page.context().clearCookies(); // a visitor anew: a session would ask for its CSRF token
    const res = await page.request.post(`${server.url}/v1/demo/act-as`, { data: { role } });
    assert.ok(res.ok(), `acting as ${role}: ${res.status()}`);
  };
  const ask = async (page, name) =>
    (await page.request.get(`${server.url}/v1/audit/questions/${name}/answer?purpose=audit`)).json();

  /** An event of somebody who was recognised, under a checkpoint already; waited for. */
  async function recognised(page) {
    for (let i = 0; i < 120; i++) {
      const row = (await ask(page, "confirmations")).rows[0];
      const view =
        row && (await page.request.get(`${server.url}/v1/audit/events/${row.event_id}?purpose=audit`));
      const event = view && JSON.parse((await view.json()).row);
      const proof =
        event &&
        (await page.request.get(`${server.url}/v1/audit/proof?chain=${event.chain_id}&seq=${event.seq}`));
      if (proof?.ok()) return event;
      await page.waitForTimeout(2000);
    }
    throw new Error("nobody was recognised, or no checkpoint came, in four minutes");
  }

  let event;
  await test("audit: somebody was recognised", {}, async (page) => {
    await as(page, "auditor");
    event = await recognised(page);
  });

  await test("audit: a question is asked, and taken away with its mark", {}, async (page) => {
    await as(page, "auditor");
    await page.goto(`${server.url}/audit`);
    await page.locator(".audit-card").first().waitFor();
    assert.equal(await page.locator(".audit-card").count(), 13);
    await page.getByRole("link", { name: /Which events lacked an active consent/ }).click();
    await page.getByText("Holds: nothing found").waitFor();
    await page.goto(`${server.url}/audit/questions/reads?asked`);
    await page.getByRole("cell", { name: "Question asked", exact: true }).first().waitFor();
    await page.getByText("The figures of this chart").first().click();
    const saved = page.waitForEvent("download");
    await page.getByRole("button", { name: "Download CSV" }).click();
    const text = await readFile(await (await saved).path(), "utf8");
    assert.match(text, /^# bystander: reads\n# exported_by: sample-auditor\n# exported_at: /);
    const { rows } = await ask(page, "reads");
    assert.ok(
      rows.some((r) => r.action === "audit.ask.csv"),
      "the access log has the download",
    );
    assert.doesNotMatch(JSON.stringify(rows), /Sample performer/, "no name anywhere");
  });

  await test("audit: a proof is checked in the browser, and a checkpoint kept", {}, async (page) => {
    await as(page, "auditor");
    await page.goto(`${server.url}/audit/events/${event.event_id}`);
    await page.locator('[data-verdict="held"]').waitFor();
    assert.equal(await page.locator('.audit-steps > [data-state="held"]').count(), 5);
    assert.equal(await page.getByText("All 28 conditions that this needs held").count(), 1);
    await page.getByRole("button", { name: "Keep this checkpoint on this device" }).click();
    await page.locator('[data-step="kept"][data-state="held"]').waitFor();
    await page.goto(`${server.url}/audit/log`);
    await page.getByRole("button", { name: "Compare with the log now" }).click();
    await page.locator('[data-compared="held"]').waitFor();
  });

  await test("audit: an event's rules are those that stood then, its own signs among them", {}, async (page) => {
    await as(page, "auditor");
    const inspected = async () => {
      await page.goto(`${server.url}/audit/events/${event.event_id}`);
      const row = page.locator(".facts > div", { hasText: /^Sign set(the one|another)/ });
      await row.waitFor();
      return row.locator("dd").textContent();
    };
    assert.equal(await inspected(), "the one that this event names");
    const stood = page
      .locator(".audit-list li", { hasText: /^(Monitoring|Face-recognition|Floor|Notice)/ })
      .locator(".chip");
    await stood.first().waitFor();
    const chips = await stood.allTextContents();
    assert.ok(chips.length >= 2, "the zone's signs are listed");
    assert.deepEqual([...new Set(chips)], ["stood then"]);
    // Other signs than the event names are said to be others.
    await page.route("**/v1/inspections*", async (route) => {
      const res = await route.fetch();
      const body = await res.json();
      for (const i of body.items) i.sign_set_hash = "00".repeat(32);
      await route.fulfill({ response: res, json: body });
    });
    assert.equal(await inspected(), "another than this event names");
  });

  const tampered = {
    "a changed field": ["row", (v) => ({ ...v, row: v.row.replace('"stage"', '"arcade"') })],
    "another key": ["edge", (v) => ({ ...v, key: Buffer.alloc(32, 7).toString("base64") })],
  };
  for (const [name, [step, change]] of Object.entries(tampered)) {
    await test(`audit: ${name} is refused`, {}, async (page) => {
      await as(page, "auditor");
      await page.route("**/v1/audit/events/*", async (route) => {
        const res = await route.fetch();
        await route.fulfill({ response: res, json: change(await res.json()) });
      });
      await page.goto(`${server.url}/audit/events/${event.event_id}`);
      await page.locator('[data-verdict="failed"]').waitFor();
      await page.locator(`[data-step="${step}"][data-state="failed"]`).waitFor();
    });
  }

  await test("audit: a proof with another path, and a log written anew, are refused", {}, async (page) => {
    await as(page, "auditor");
    let bend = (p) => ({ ...p, hashes: p.hashes.toReversed() });
    await page.route("**/v1/audit/proof?*", async (route) => {
      const res = await route.fetch();
      await route.fulfill({ response: res, json: bend(await res.json()) });
    });
    await page.goto(`${server.url}/audit/events/${event.event_id}`);
    await page.locator('[data-step="path"][data-state="failed"]').waitFor();
    bend = (p) => ({
      ...p,
      checkpoint: p.checkpoint.replace(/\S+\n$/, (s) => `${s.slice(0, 20)}AAAA${s.slice(24)}`),
    });
    await page.getByRole("button", { name: "Check again" }).click();
    await page.locator('[data-step="checkpoint"][data-state="failed"]').waitFor();
    await page.locator('[data-verdict="failed"]').waitFor();
  });

  await test("audit: the log is verified with a report", {}, async (page) => {
    await as(page, "auditor");
    await page.goto(`${server.url}/audit/log`);
    await page.getByRole("button", { name: "Verify", exact: true }).click();
    await page.locator('[data-intact="true"]').waitFor({ timeout: 60_000 });
    const saved = page.waitForEvent("download");
    await page.getByRole("button", { name: "Save the report" }).click();
    const { report, by } = JSON.parse(await readFile(await (await saved).path(), "utf8"));
    assert.ok(report.intact && report.rows > 10 && by === "sample-auditor");
    return `${report.rows} rows`;
  });

  await test("audit: ten thousand rows scroll as ten do", {}, async (page) => {
    await as(page, "auditor");
    const many = 10_000;
    await page.route("**/v1/audit/questions/reads/answer*", async (route) => {
      const res = await route.fetch();
      const answer = await res.json();
      const rows = Array.from({ length: many }, (_, i) => ({ ...answer.rows[i % answer.rows.length] }));
      await route.fulfill({ response: res, json: { ...answer, rows } });
    });
    await page.goto(`${server.url}/audit/questions/reads?asked`);
    const grid = page.locator(".audit-grid");
    await grid.waitFor();
    const drawn = () => grid.locator("tbody tr[aria-rowindex]").count();
    const within = async (n) => assert.ok(n > 5 && n < 80, `${n} rows are drawn`);
    await within(await drawn());
    assert.equal(await grid.locator("table").getAttribute("aria-rowcount"), String(many + 1));
    // From top to bottom in sixty steps, one a picture: how many rows there are then, and how long each took.
    const { most, slow } = await grid.evaluate(async (box) => {
      const picture = () => new Promise((done) => requestAnimationFrame(done));
      const took = [];
      let rows = 0;
      for (let i = 1; i <= 60; i++) {
        const began = performance.now();
        box.scrollTop = (box.scrollHeight * i) / 60;
        await picture();
        await picture();
        took.push(performance.now() - began);
        rows = Math.max(rows, box.querySelectorAll("tbody tr[aria-rowindex]").length);
      }
      return { most: rows, slow: took.toSorted((a, b) => a - b)[Math.floor(took.length * 0.95)] };
    });
    await within(most);
    assert.ok(slow < patience() / 4, `a step took ${Math.round(slow)} ms`);
    await grid.locator(`tr[aria-rowindex="${many + 1}"]`).waitFor();
    // The same by keys alone.
    await grid.focus();
    await page.keyboard.press("Home");
    await grid.locator('tr[aria-rowindex="2"]').waitFor();
    await page.keyboard.press("PageDown");
    await page.waitForFunction(() => document.querySelector(".audit-grid").scrollTop > 100);
    await page.keyboard.press("End");
    await grid.locator(`tr[aria-rowindex="${many + 1}"]`).waitFor();
    await within(await drawn());
    return `at most ${most} of ${many} rows drawn, a step of ${Math.round(many / 60)} rows in ${Math.round(slow)} ms`;
  });

  await test("audit: a verification is cancelled where it stands", {}, async (page) => {
    await as(page, "auditor");
    // The log of a test is verified at once: hold the answer back behind its first line.
    await page.addInitScript(() => {
      const real = window.fetch.bind(window);
      window.fetch = async (request, init) => {
        const res = await real(request, init);
        if (!String(request.url ?? request).includes("/v1/audit/verifications")) return res;
        await res.body.cancel();
        const body = new ReadableStream({
          start(to) {
            to.enqueue(
              new TextEncoder().encode(`${JSON.stringify({ type: "progress", rows: 7, last: 7 })}\n`),
            );
            init.signal.addEventListener("abort", () => {
              window.aborted = true;
              to.error(new DOMException("cancelled", "AbortError"));
            });
          },
        });
        return new Response(body, { status: res.status, headers: res.headers });
      };
    });
    await page.goto(`${server.url}/audit/log`);
    await page.getByRole("button", { name: "Verify", exact: true }).click();
    await page.waitForFunction(() => document.querySelector(".audit-progress progress")?.value === 7);
    await page.getByRole("button", { name: "Cancel", exact: true }).click();
    await page.getByText("Cancelled. What was checked so far had 7 numbers.").waitFor();
    assert.equal(await page.evaluate(() => window.aborted), true, "the request is given up");
    assert.equal(await page.locator("[data-intact]").count(), 0, "nothing is claimed");
    assert.ok(
      await page.getByRole("button", { name: "Verify", exact: true }).isEnabled(),
      "it can begin anew",
    );
  });

  await test("audit: what happened where is shown on the floor plan", {}, async (page) => {
    await as(page, "auditor");
    const floor = [
      [2, 2],
      [10, 2],
      [10, 8],
      [2, 8],
    ];
    await page.route("**/v1/zones?*", async (route) => {
      const res = await route.fetch();
      const { items, ...rest } = await res.json();
      await route.fulfill({
        response: res,
        json: { ...rest, items: items.map((z) => ({ ...z, plan: "hall", floor })) },
      });
    });
    await page.route("**/v1/floorplans?*", async (route) => {
      const res = await route.fetch();
      const plan = {
        id: "hall",
        version: 1,
        name: "Hall",
        width_m: 20,
        depth_m: 12,
        walls: [],
        at: "",
        author: "",
      };
      await route.fulfill({ response: res, json: { ...(await res.json()), items: [plan] } });
    });
    const { rows } = await ask(page, "zone-outcomes");
    await page.goto(`${server.url}/audit/questions/zone-outcomes?asked`);
    await page.locator(".audit-plan polygon.heat").waitFor();
    const outline = await page.locator(".audit-plan polygon.heat").getAttribute("points");
    assert.equal(outline, "2,2 10,2 10,8 2,8");
    const [, n] = /^stage-zone ([\d,]+)$/.exec(await page.locator(".audit-plan text").textContent());
    const least = rows.reduce((sum, r) => sum + (r.zone_id === "stage-zone" ? r.matches : 0), 0);
    assert.ok(
      Number(n.replaceAll(",", "")) >= least && least > 0,
      `${n} on the plan, ${least} in the answer`,
    );
    await clean(page);
  });

  await test("audit: a query is built, and few people are withheld", {}, async (page) => {
    await as(page, "auditor");
    await page.goto(`${server.url}/audit/query`);
    await page.getByRole("button", { name: "Run the query" }).click();
    await page.getByRole("cell", { name: "Match", exact: true }).first().waitFor();
    await page.getByLabel("Counts").check();
    await page.getByRole("button", { name: "Run the query" }).click();
    await page.getByText("fewer than five people are withheld").waitFor();
    const withheld = await page.getByRole("cell", { name: "Yes", exact: true }).count();
    // Two days where midnight, by UTC, has passed since the demo began.
    assert.ok(withheld === 1 || withheld === 2, `one person's day is withheld, ${withheld} are`);
  });

  await test("audit: a name takes two people, and is shown once", {}, async (page) => {
    await as(page, "auditor");
    await page.goto(`${server.url}/audit/names?event=${event.event_id}`);
    await page.getByLabel("Reference").fill(`e2e ${Date.now()}`);
    await page.getByRole("button", { name: "Ask", exact: true }).click();
    await page.locator('[data-state="waiting"]').first().waitFor();
    assert.equal(await page.getByRole("button", { name: "Approve" }).count(), 0, "not by who asked");
    await as(page, "privacy_officer");
    await page.goto(`${server.url}/audit/names`);
    const open = page.locator('[data-state="waiting"]').first();
    await open.getByLabel("Why").fill("the incident report asks for it");
    await open.getByRole("button", { name: "Approve" }).click();
    await page.locator('[data-state="approved"]').first().waitFor();
    assert.equal(await page.getByRole("button", { name: "Show the name" }).count(), 0, "not to who approves");
    await as(page, "auditor");
    await page.goto(`${server.url}/audit/names`);
    await page.getByRole("button", { name: "Show the name" }).first().click();
    await page.getByRole("dialog").getByRole("button", { name: "Show the name" }).click();
    await page.getByText("Sample performer").waitFor();
    await page.getByRole("button", { name: "Close" }).click();
    await page.locator('[data-state="shown"]').first().waitFor();
    assert.equal(await page.getByText("Sample performer").count(), 0);
    const { rows } = await ask(page, "reads");
    for (const action of ["audit.name.ask", "audit.name.decide", "audit.name.shown"])
      assert.ok(
        rows.some((r) => r.action === action),
        `${action} is on record`,
      );
  });

  const views = {
    questions: ["/audit", ".audit-card"],
    reads: ["/audit/questions/reads?asked", ".audit-figure"],
    faults: ["/audit/questions/use-and-faults?asked", ".audit-spans"],
    event: [`/audit/events/${event?.event_id}`, "[data-verdict]"],
    query: ["/audit/query", ".audit-form"],
    log: ["/audit/log", ".audit-kept, .empty"],
    names: ["/audit/names", "[data-request]"],
  };
  for (const [colorScheme, width, locale] of [
    ["dark", 1440, "en"],
    ["light", 1440, "zh-CN"],
    ["light", 360, "en"],
    ["dark", 360, "zh-CN"],
  ])
    for (const [name, [path, ready]] of Object.entries(views))
      await test(`axe: ${name} ${colorScheme} ${width} ${locale}`, {
        colorScheme,
        locale,
        viewport: { width, height: 800 },
      }, async (page) => {
        await as(page, "auditor");
        await page.goto(server.url + path);
        await page.locator(ready).first().waitFor();
        await clean(page);
        await narrow(page);
        if (shots)
          await page.screenshot({
            path: join(shots, `audit-${name}-${width}-${colorScheme}-${locale}.png`),
            fullPage: true,
          });
      });
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  if (shots) await mkdir(shots, { recursive: true });
  const server = await begin();
  const browser = await openBrowser();
  const ctx = harness(server, browser);
  try {
    await audit(ctx);
  } finally {
    await browser.close();
    await server.stop();
  }
  if (ctx.failed > 0) process.exit(1);
}
