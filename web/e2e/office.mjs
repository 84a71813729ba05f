// The privacy office in real Chromium against the program itself: an assessment
// and a notice from draft to approval by a second person, a request's whole
// life, a drill, and the kill switch that two people end.
import assert from "node:assert/strict";
import { harness } from "./harness.mjs";
import { looks, startHouse } from "./house.mjs";
import { openBrowser } from "./server.mjs";

const cast = { ada: "administrator", pia: "privacy_officer", paul: "privacy_officer" };

/** Runs the tests of this desk; adds what failed to ctx. */
export async function office(ctx) {
  const house = await startHouse(cast);
  const browser = await openBrowser();
  const own = harness({ url: house.url }, browser);
  try {
    await house.call("ada", "POST", "/v1/sites", {
      id: "north-hall",
      name: "Northern Halls Ltd.",
      contact: "privacy@halls.example",
      profile: "eu",
    });
    await assessing(own, house);
    await noticing(own, house);
    await serving(own, house);
    await drilling(own, house);
    await halting(own, house);
    await looks(own, house, "pia", [
      "/office",
      "/office/rights",
      "/office/assessments",
      "/office/assessments/new",
      "/office/scenes",
      "/office/notices",
      "/office/notices/2026-11",
      "/office/notices/new",
      "/office/filings",
      "/office/incidents",
      "/office/retention",
      "/office/components",
      "/office/exit",
      "/office/halt",
    ]);
  } finally {
    await browser.close();
    await house.stop();
  }
  ctx.failed += own.failed;
}

/** Presses a step's button, fills its dialog in, and presses the same button there. */
async function step(page, name, fill) {
  await page.getByRole("button", { name, exact: true }).first().click();
  const dialog = page.getByRole("dialog");
  await fill?.(dialog);
  const reason = dialog.getByLabel(/^Reason/);
  if (await reason.count()) await reason.fill("as agreed in the test");
  await dialog.getByRole("button", { name, exact: true }).click();
  await dialog.waitFor({ state: "detached" });
}

async function assessing({ test }, house) {
  await test("an assessment is written part by part, changed and compared", house.as("pia"), async (page) => {
    await page.goto(`${house.url}/office/scenes`);
    await step(page, "Add a scene", (d) => d.getByLabel(/^Id/).fill("staff-lane"));
    await page.goto(`${house.url}/office`);
    await page.getByText("Scene staff-lane needs an impact assessment").click();
    await page.getByLabel(/^Necessity/).fill("Staff pass with both hands full 400 times a day.");
    await page.getByLabel(/^Effects on people/).fill("Everybody is masked at once.");
    await page.getByLabel(/^Those under 14/).fill("Nobody under 14 is enrolled.");
    assert.ok(
      await page.getByRole("button", { name: "Save" }).isDisabled(),
      "no outcome is chosen for anybody",
    );
    await page.getByLabel("may begin", { exact: true }).check();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("You wrote this. Somebody else has to approve it").waitFor();
    assert.equal(await page.getByRole("button", { name: "Approve", exact: true }).count(), 0);
    await page.getByRole("link", { name: "Change", exact: true }).click();
    await page.getByLabel(/^Necessity/).fill("Staff pass with both hands full 380 times a day.");
    await page.getByRole("button", { name: "Save" }).click();
    await page.locator("del", { hasText: "400" }).waitFor();
    await page.locator("ins", { hasText: "380" }).waitFor();
  });

  await test("somebody else approves it, and the scene rests on it", house.as("paul"), async (page) => {
    await page.goto(`${house.url}/office`);
    await page.getByText("Read and approve an assessment of scene staff-lane").click();
    await step(page, "Approve");
    await page.getByText("An approved assessment stays as it is").waitFor();
    await step(page, "Rest the scene on it");
    const [scene] = (await house.call("paul", "GET", "/v1/scenes")).items;
    assert.equal(scene.state, "assessed");
  });

  await test("a scene that lacks something says all of it", house.as("paul"), async (page, complaints) => {
    await page.goto(`${house.url}/office/scenes`);
    await page.getByRole("button", { name: "Enable", exact: true }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel(/^Reason/).fill("to see what is missing");
    await dialog.getByRole("button", { name: "Enable", exact: true }).click();
    await dialog.getByText("Counsel has not reviewed the whole flow.").waitFor();
    await dialog.getByText("No notice is published and in force.").waitFor();
    await dialog.getByRole("link", { name: "Mend it · Notices" }).waitFor();
    complaints.length = 0; // the browser notes the refusal
  });
}

async function noticing({ test }, house) {
  await test(
    "a draft's faults come all at once, each with its field",
    house.as("pia"),
    async (page, complaints) => {
      await page.goto(`${house.url}/office/notices/new`);
      await page.getByRole("textbox", { name: /^Version/ }).fill("2026-11");
      await page.getByRole("button", { name: "Hand in the draft" }).click();
      const faults = page.getByRole("alert").locator("li");
      await faults.first().waitFor();
      assert.ok((await faults.count()) > 10, `${await faults.count()} faults`);
      await page.getByRole("alert").getByRole("link", { name: "Scenes" }).waitFor();
      await faults.getByRole("link", { name: "Simplified Chinese · Purpose" }).click();
      assert.equal(await page.evaluate(() => document.activeElement.tagName), "TEXTAREA");
      complaints.length = 0;
      await page.getByLabel("staff-lane").check();
      for (const field of await page.locator("textarea, input[type=text]").all()) {
        const text = await field.inputValue();
        if (text.includes("{{")) await field.fill(text.replaceAll(/\{\{.*?\}\}/g, "3"));
      }
      const open = page.locator("#field-en-kinds textarea");
      const kinds = await open.inputValue();
      await open.fill(kinds.replace("- your name", "- your name, address etc."));
      await page.getByRole("button", { name: "Hand in the draft" }).click();
      await page.getByRole("alert").getByText("This wording leaves the list open").waitFor();
      assert.equal(await faults.count(), 1);
      complaints.length = 0;
      await open.fill(kinds);
      await page.getByRole("button", { name: "Hand in the draft" }).click();
      await page.getByText("Another privacy officer has to publish it").waitFor();
      assert.equal(await page.locator("article[lang]").count(), 2, "both languages side by side");
    },
  );

  await test("a second officer publishes it", house.as("paul"), async (page) => {
    await page.goto(`${house.url}/office/notices/2026-11`);
    await step(page, "Approve and publish");
    await page.getByText("Published by").waitFor();
  });

  await test("better words show as words", house.as("paul"), async (page) => {
    await page.goto(`${house.url}/office/notices/new?revise=2026-11`);
    const title = page.locator("#field-en-title input");
    await title.fill("Face recognition for people who agreed");
    await page.getByRole("button", { name: "Hand in the draft" }).click();
    await page.locator("del", { hasText: "enrolled" }).waitFor();
    await page.locator("ins", { hasText: "agreed" }).waitFor();
  });
}

async function serving({ test }, house) {
  const { request_id: id } = await house.call(null, "POST", "/v1/rights/requests", {
    type: "confidentiality",
    text: "Please keep my visit confidential.",
    language: "en",
    contact: "ana@example.org",
  });
  await test("a request goes its whole way", house.as("pia"), async (page) => {
    await page.goto(`${house.url}/office/rights`);
    await page.getByRole("link", { name: /^confidentiality/ }).click();
    await page.getByText("Please keep my visit confidential.").waitFor();
    assert.equal(await page.getByText("ana@example.org").count(), 0, "the contact is not shown unasked");
    await page.getByRole("button", { name: "Show contact" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Show contact" }).click();
    await page.getByText("ana@example.org").waitFor();
    await step(page, "Confirm receipt");
    await step(page, "Verify identity", async (d) => {
      await d.getByLabel(/^How/).selectOption("in_person");
      await d.getByLabel(/^What was shown/).fill("passport seen at the desk");
    });
    await step(page, "Begin");
    await step(page, "Fulfil", (d) => d.getByLabel(/^What was done/).fill("The visit is kept confidential."));
    await page.getByText("Nothing is left to do.").waitFor();
    const status = await house.call(null, "GET", `/v1/rights/requests/${id}/status`);
    assert.equal(status.state, "fulfilled");
  });
}

async function drilling({ test }, house) {
  await test("a drill runs against its clocks and is closed", house.as("pia"), async (page) => {
    await page.goto(`${house.url}/office/incidents`);
    await step(page, "Open an incident", async (d) => {
      await d.getByLabel(/^Kind/).selectOption("personal_data_breach");
      await d.getByLabel("This is a drill").check();
    });
    await page.getByRole("link", { name: "breach of personal data" }).click();
    await page.locator(".clock").nth(2).waitFor();
    assert.equal(await page.locator(".clock").count(), 3);
    await step(page, "Contained");
    await page.locator(".clock.done").first().waitFor();
    await step(page, "Record a report", async (d) => {
      await d.getByLabel(/^To/).selectOption("authority");
      await d.getByLabel(/^What was said/).fill("A drill: one laptop, encrypted.");
    });
    await page.locator(".clock.done").nth(2).waitFor();
    await step(page, "Close the incident");
    const [incident] = (await house.call("pia", "GET", "/v1/incidents")).items;
    assert.deepEqual([incident.state, incident.drill, incident.overdue ?? []], ["closed", true, []]);
  });
}

async function halting({ test }, house) {
  await test("one person halts", house.as("pia"), async (page) => {
    await page.goto(`${house.url}/office/halt`);
    await step(page, "Halt everything");
    await page.getByRole("heading", { name: "Everybody is masked, everywhere" }).waitFor();
    await step(page, "Ask to resume");
    await page.getByText("A second person, privacy officer or administrator, must agree").waitFor();
    assert.equal((await house.call("pia", "GET", "/v1/kill")).on, true);
  });
  await test("a second one agrees to resume", house.as("paul"), async (page) => {
    await page.goto(`${house.url}/office`);
    await page.getByText("Somebody asks to resume").click();
    await step(page, "Agree to resume");
    await page.getByRole("heading", { name: "Recognition runs where it is permitted" }).waitFor();
    assert.equal((await house.call("paul", "GET", "/v1/kill")).on, false);
  });
}

if (import.meta.url === `file://${process.argv[1]}`) {
  const ctx = { failed: 0 };
  await office(ctx);
  process.exit(ctx.failed ? 1 : 0);
}
