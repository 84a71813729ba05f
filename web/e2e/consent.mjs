// The consent desk, the kiosk, people's own page and the public pages on the
// real program: a consent given and withdrawn, with a camera that shows a still.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { harness } from "./harness.mjs";
import { shared } from "./program.mjs";
import { filmOf, openCamera, scene, startVenue, zone } from "./venue.mjs";

const still = join(shared, "data", "faces", "stage-stills", "lin-manuel-miranda.png");

/** Runs the tests of these pages; adds what failed to ctx. */
export async function consent(ctx) {
  if (!existsSync(still))
    throw new Error(`there is no ${still}: put shared/ beside the checkout, or set BYSTANDER_SHARED`);
  const venue = await startVenue({ children: true });
  const browser = await openCamera(await filmOf(venue.dir, still));
  const own = harness({ url: venue.url }, browser);
  try {
    await kioskTests(own, venue);
    await deskTests(own, venue);
    await meTests(own, venue);
    await publicTests(own, venue);
    await looks(own, venue);
  } finally {
    await browser.close();
  }
  const blank = await openCamera();
  try {
    const other = harness({ url: venue.url }, blank);
    await refusedPicture(other, venue);
    own.failed += other.failed;
  } finally {
    await blank.close();
    await venue.stop();
  }
  ctx.failed += own.failed;
}

/** A page's options as somebody of the cast. */
const as = (venue, who, more = {}) => ({
  permissions: ["camera"],
  extraHTTPHeaders: { Authorization: `Bearer ${venue.tokens[who]}` },
  ...more,
});

/** Notes every use of the camera, and its tracks. */
const watched = (page) =>
  page.addInitScript(() => {
    window.asked = [];
    window.tracks = [];
    const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (c) => {
      window.asked.push({ ...c, at: document.querySelector("[data-step]")?.dataset.step });
      const s = await real(c);
      window.tracks.push(...s.getTracks());
      return s;
    };
  });

const press = (page, name) => page.getByRole("button", { name, exact: true }).click();

/** From the welcome to the first question; counts the presses. */
async function toQuestion(page, url) {
  await page.goto(`${url}/kiosk`);
  await press(page, /^Be recognised/);
  await press(page, "I am 14 or older");
  await page.getByRole("heading", { level: 1, name: "Face recognition for people who enrolled" }).waitFor();
  await press(page, "I have read it: ask me");
  await page.getByRole("heading", { name: "May we recognise your face here?" }).waitFor();
  return 4;
}

/** The officer makes sure who it is. */
async function prove(venue, number) {
  const { sessions } = await venue.as("carla", "GET", "/v1/enrolments");
  const s = sessions.find((x) => x.id.replace(/-/g, "").slice(-6).toUpperCase() === number);
  assert.ok(s, `no session ${number}`);
  await venue.as("carla", "POST", `/v1/enrolments/${s.id}/proof`, {
    name: "Canary Test",
    method: "identity_document",
    in_person: true,
  });
  return s;
}

async function shoot(page) {
  await press(page, "Turn the camera on");
  await page.waitForSelector('.capture[data-stage="live"]');
  await page.getByText("Good. Look straight ahead").waitFor();
  await press(page, "Take the picture");
  await press(page, "Use this picture");
}

const consentsOf = async (venue, id) => (await venue.as("carla", "GET", `/v1/enrollees/${id}`)).consents;

async function kioskTests({ test }, venue) {
  await test(
    "kiosk: declining is as easy as agreeing, and leaves nothing",
    as(venue, "kim"),
    async (page) => {
      await watched(page);
      await toQuestion(page, venue.url);
      const answers = page.locator(".answers button");
      const look = await answers.evaluateAll((all) =>
        all.map((b) => {
          const s = getComputedStyle(b);
          const r = b.getBoundingClientRect();
          return [
            s.backgroundColor,
            s.color,
            s.borderColor,
            s.fontSize,
            s.fontWeight,
            Math.round(r.width),
            Math.round(r.height),
          ].join();
        }),
      );
      assert.equal(look.length, 2);
      assert.equal(look[0], look[1], "both answers look the same");
      assert.equal(await page.locator("input:checked").count(), 0, "nothing is chosen beforehand");
      await press(page, "No, I don’t agree");
      await page.getByText("The staffed door on the left").waitFor();
      assert.deepEqual(await page.evaluate(() => window.asked), []);
      assert.deepEqual((await venue.as("carla", "GET", "/v1/enrolments")).sessions, []);
      await press(page, "Finish");
      await page.getByRole("heading", { name: "What would you like to do?" }).waitFor();
    },
  );

  await test("kiosk: a consent is given and withdrawn in fewer steps", as(venue, "kim"), async (page) => {
    await watched(page);
    let given = await toQuestion(page, venue.url);
    await press(page, "Yes, I agree");
    await page.getByRole("heading", { name: "May the live picture show you?" }).waitFor();
    await press(page, "中文"); // both languages at every step
    await page.getByRole("heading", { name: "是否同意在实时画面中显示您？" }).waitFor();
    await press(page, "English");
    await press(page, "Yes, I agree");
    const number = await page.locator(".k-number").textContent();
    assert.deepEqual(await page.evaluate(() => window.asked), [], "no camera before the acts");
    const session = await prove(venue, number);
    await press(page, "The officer has finished");
    await page.getByRole("heading", { name: "Your picture" }).waitFor();
    assert.deepEqual(await page.evaluate(() => window.asked), [], "and none before the person asks for it");
    await shoot(page);
    given += 6;
    await page.getByRole("heading", { name: "You are enrolled" }).waitFor();
    const asked = await page.evaluate(() => window.asked);
    assert.equal(asked.length, 1);
    assert.equal(asked[0].audio, false);
    assert.equal(asked[0].at, "capture");
    assert.deepEqual(await page.evaluate(() => window.tracks.map((t) => t.readyState)), ["ended"]);
    const code = (await page.locator(".receipt-code").textContent()).trim();
    assert.deepEqual(
      (await consentsOf(venue, session.enrollee)).map((c) => [c.purpose, c.state, c.act.widget]),
      [
        ["match", "active", "button"],
        ["appear_live", "active", "button"],
      ],
    );
    await press(page, "Finish");
    assert.ok(!(await page.content()).includes(code), "nothing of the person stays on the screen");

    await press(page, /^I have a receipt/);
    await page.getByLabel("Code", { exact: true }).fill(code); // as a scanner types it
    const row = page.locator(".k-mine li").filter({ hasText: "Recognition" });
    await row.getByRole("button", { name: "Take back" }).click();
    await page.getByText("You are masked within seconds").waitFor();
    const withdrawn = 3;
    assert.ok(withdrawn <= given, `${withdrawn} steps against ${given}`);
    const states = (await consentsOf(venue, session.enrollee)).map((c) => c.state);
    assert.deepEqual(states, ["withdrawn", "withdrawn"], "what rests on recognition ends with it");
    await page.getByText("Nothing stands any more").waitFor();
    return `given in ${given} presses, taken back in ${withdrawn}`;
  });

  await test(
    "kiosk: a lost answer is neither lost nor given twice",
    as(venue, "kim"),
    async (page, complaints) => {
      await toQuestion(page, venue.url);
      let lost = 0;
      await page.route("**/v1/consents", async (route) => {
        if (lost++ > 0) return route.continue();
        await route.fetch(); // the server takes it, and the answer is lost
        await route.abort();
      });
      await press(page, "Yes, I agree");
      await page.getByText("Your answer is not recorded yet").waitFor();
      await page.getByRole("heading", { name: "May we recognise your face here?" }).waitFor();
      await press(page, "Try again");
      await page.getByRole("heading", { name: "May the live picture show you?" }).waitFor();
      const { sessions } = await venue.as("carla", "GET", "/v1/enrolments");
      assert.equal((await consentsOf(venue, sessions[0].enrollee)).length, 1);
      await press(page, "No, I don’t agree");
      await press(page, "Stop, and take back what I agreed to");
      await page.getByRole("heading", { name: "What would you like to do?" }).waitFor();
      assert.equal((await consentsOf(venue, sessions[0].enrollee))[0].state, "withdrawn");
      complaints.length = 0; // the browser says that the request failed
    },
  );

  await test("kiosk: who leaves is forgotten, and the camera ends", as(venue, "kim"), async (page) => {
    await watched(page);
    await page.clock.install();
    await toQuestion(page, venue.url);
    await press(page, "Yes, I agree");
    await press(page, "No, I don’t agree");
    await prove(venue, await page.locator(".k-number").textContent());
    await press(page, "The officer has finished");
    await press(page, "Turn the camera on");
    await page.waitForFunction(() => window.tracks.length === 1);
    await page.clock.runFor(46_000);
    await page.getByText("Are you still there?").waitFor();
    await page.mouse.move(300, 300); // a stray touch does not answer for somebody who left
    await page.clock.runFor(16_000);
    await page.getByRole("heading", { name: "What would you like to do?" }).waitFor();
    assert.deepEqual(await page.evaluate(() => window.tracks.map((t) => t.readyState)), ["ended"]);
    assert.equal(await page.locator("video, canvas").count(), 0);
  });

  await test("kiosk: a child’s guardian is verified first", as(venue, "kim"), async (page) => {
    await page.goto(`${venue.url}/kiosk`);
    await press(page, /^Be recognised/);
    await press(page, "I am under 14");
    await page.getByText("The service desk in the foyer").waitFor();
    await page.getByLabel(/On which day/).fill("2031-05-01");
    await press(page, "Continue");
    const number = await page.locator(".k-number").textContent();
    const { sessions } = await venue.as("carla", "GET", "/v1/enrolments");
    const s = sessions.find((x) => x.id.replace(/-/g, "").slice(-6).toUpperCase() === number);
    const guardian = await venue.as("carla", "POST", "/v1/guardians", {
      enrollee: s.enrollee,
      relation: "mother",
      method: "household_register",
      proof_sha256: "ab".repeat(32),
    });
    await page.getByText("You answer as the guardian of this child.").waitFor();
    await press(page, "I have read it: ask me");
    await press(page, "Yes, I agree");
    await page.getByRole("heading", { name: "May the live picture show you?" }).waitFor();
    assert.equal((await consentsOf(venue, s.enrollee))[0].guardian, guardian.id);
    await venue.as("carla", "POST", `/v1/enrollees/${s.enrollee}/withdraw`);
  });
}

async function deskTests({ test }, venue) {
  await test("desk: somebody is enrolled, found and withdrawn", as(venue, "carla"), async (page) => {
    await watched(page);
    await page.goto(`${venue.url}/consent`);
    await page.getByLabel("14 or older").check();
    await press(page, "Begin");
    await page
      .locator(".act-list li")
      .nth(0)
      .getByRole("button", { name: "Show the notice and ask" })
      .click();
    await page.getByRole("heading", { name: "Face recognition for people who enrolled" }).waitFor();
    await press(page, "Yes, I agree");
    await page.locator(".act-list li").nth(0).getByText("Given").waitFor();
    // What takes a signature: the sheet's fingerprint, and nothing else of it.
    await page.locator(".act-list li").nth(2).getByRole("button", { name: "Record a signed sheet" }).click();
    const sheet = join(venue.dir, "sheet.pdf");
    await writeFile(sheet, "signed");
    await page.getByLabel(/The signed sheet/).setInputFiles(sheet);
    await page.getByText(/Fingerprint: [0-9a-f]{64}/).waitFor();
    await page.getByLabel("Language of the sheet").selectOption("en");
    await page.getByRole("dialog").getByRole("button", { name: "Record" }).click();
    await page.locator(".act-list li").nth(2).getByText("Given").waitFor();
    await rm(sheet);
    await page.getByLabel(/^Name/).fill("Canary Test");
    await page.getByLabel("What you saw").selectOption("identity_document");
    await page.getByLabel("The person stands in front of me").check();
    assert.deepEqual(await page.evaluate(() => window.asked), []);
    await press(page, "Record");
    await page.getByText(/Identity document, recorded by carla/).waitFor();
    await shoot(page);
    await page.getByText(/Enrolled\. Quality/).waitFor();
    assert.ok(!(await page.content()).includes("Canary"), "the name is not shown again");
    await press(page, "Make the receipt");
    const code = (await page.locator(".receipt-code").textContent()).trim();

    await page.goto(`${venue.url}/consent`);
    await page.getByLabel("Code or id").fill(code);
    await press(page, "Find");
    const row = page.locator("tbody tr").filter({ hasText: "Recognition" });
    await row.getByRole("button", { name: "Withdraw" }).click(); // one press, no reason
    await row.getByText("Withdrawn").waitFor();
    await page.getByText("Ended; keys destroyed").waitFor();
  });

  await test("desk: an import says of each row what became of it", as(venue, "carla"), async (page) => {
    const { hash } = await venue.as(undefined, "GET", `/v1/notices/current?scene=${scene}`);
    const row = (person, evidence) =>
      [person, "match", scene, zone, "no", "en", hash, "separate consent", evidence, "2026-01-31"].join(",");
    const file = join(venue.dir, "rows.csv");
    await writeFile(
      file,
      `person,purpose,scenes,zones,under_14,language,notice_hash,basis,evidence_sha256,act_at\n${row("p1", "cd".repeat(32))}\n${row("p2", "")}\n`,
    );
    await page.goto(`${venue.url}/consent/import`);
    await page.getByLabel(/^Table/).setInputFiles(file);
    await page.getByText("2 rows read").waitFor();
    await press(page, "Import");
    await page.getByText("1 taken, 1 refused").waitFor();
    await page.getByText("Add the signed sheet: only its fingerprint is kept.").waitFor();
    await rm(file);
  });
}

/** Somebody with two consents, and the code of their receipt. */
async function person(venue) {
  const { hash } = await venue.as(undefined, "GET", `/v1/notices/current?scene=${scene}`);
  const s = await venue.as("kim", "POST", "/v1/enrolments", {
    channel: "kiosk",
    scenes: [scene],
    zones: [zone],
    under_14: false,
  });
  for (const purpose of ["match", "appear_live"])
    await venue.as("kim", "POST", "/v1/consents", {
      enrollee: s.enrollee,
      purposes: [purpose],
      scenes: [scene],
      zones: [zone],
      act: {
        channel: "kiosk",
        widget: "button",
        language: "en",
        notice_hash: hash,
        basis: "separate consent",
      },
    });
  const { code } = await venue.as("kim", "POST", `/v1/enrollees/${s.enrollee}/code`);
  return { id: s.enrollee, code };
}

async function meTests({ test }, venue) {
  await test("me: the receipt opens the page, and one press withdraws", {}, async (page) => {
    const who = await person(venue);
    await page.goto(`${venue.url}/me#code=${who.code}`);
    const card = page.locator(".me-card").filter({ hasText: "Recognition" });
    await card.waitFor();
    assert.ok(!page.url().includes(who.code), "the code stays in no address");
    const stored = await page.evaluate(() => JSON.stringify([localStorage, sessionStorage, document.cookie]));
    assert.ok(
      !stored.includes(who.code) && !stored.includes("session"),
      "and in no storage that scripts read",
    );
    await card.getByText("Receipt", { exact: true }).click();
    await card.getByRole("button", { name: "Check its signature here" }).click();
    await card.getByText("Genuine: signed by this installation, and unchanged.").waitFor();
    const saved = page.waitForEvent("download");
    await card.getByRole("button", { name: "Download the signed receipt" }).click();
    assert.match((await saved).suggestedFilename(), /^receipt-.*\.jws$/);
    const live = page.locator(".me-card").filter({ hasText: "Shown live without a mask" });
    await live.getByRole("button", { name: "Withdraw" }).click();
    await page.getByText("You are masked within seconds").waitFor();
    assert.deepEqual(
      (await consentsOf(venue, who.id)).map((c) => c.state),
      ["active", "withdrawn"],
    );
    await page.getByRole("link", { name: "What is kept" }).click();
    await page.getByText("Your consents", { exact: true }).waitFor();
    await page.getByRole("link", { name: "My requests" }).click();
    const zip = page.waitForEvent("download");
    await press(page, "Download my data now");
    assert.match((await zip).suggestedFilename(), /^my-data-.*\.zip$/);
    await page.locator(".me-card").filter({ hasText: "Done" }).waitFor();
    await page.getByLabel("What would you like?").selectOption("object");
    await press(page, "Send");
    await page.getByText(/Received\. Number/).waitFor();
    await page.getByRole("link", { name: "My consents" }).click();
    await page.getByText("You objected: you are not compared any more.").waitFor();
    await press(page, "Leave");
    await page.getByRole("heading", { name: "Open your page with your receipt" }).waitFor();
  });

  await test("me: a wrong code opens nothing", {}, async (page, complaints) => {
    await page.goto(`${venue.url}/me`);
    await page.getByLabel("Code", { exact: true }).fill("ABCD-EFGH-JKLM-NPQR");
    await press(page, "Open my page");
    await page.getByText("This code is not known").waitFor();
    complaints.length = 0; // the browser says 404
  });

  await test("me: anybody can ask, and gets the same answer", {}, async (page) => {
    await page.goto(`${venue.url}/me/request`);
    await page.getByLabel("What would you like?").selectOption("erase");
    await page.getByLabel(/Where should the answer go/).fill("somebody@passer.example");
    await press(page, "Send");
    const number = await page.locator(".me-number code").textContent();
    await page.getByLabel("Number").fill(number);
    await press(page, "Show");
    await page.locator(".chip").getByText("Received").waitFor();
  });
}

async function publicTests({ test }, venue) {
  await test("privacy: its own document, in both languages, without script", {}, async (page) => {
    const res = await page.goto(`${venue.url}/privacy?lang=en`);
    assert.equal(res.status(), 200);
    await page.getByRole("heading", { level: 1, name: "Privacy notice" }).waitFor();
    assert.equal(await page.locator("script").count(), 0);
    await page
      .getByRole("row", { name: /Recognitions, under a pseudonym/ })
      .getByText("184 days")
      .waitFor();
    await page.getByRole("link", { name: "中文", exact: true }).click();
    await page.getByRole("heading", { level: 1, name: "隐私政策" }).waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.lang), "zh-CN");
  });
  const ways = [
    ["kiosk", "/kiosk", ["Privacy notice and your rights"]],
    ["me", "/me", ["Privacy notice"]],
    ["me/request", "/me/request", ["Privacy notice"]],
  ];
  for (const [name, path, links] of ways)
    await test(`privacy: within four taps from ${name}`, as(venue, "kim"), async (page) => {
      await page.goto(venue.url + path);
      for (const l of links) await page.getByRole("link", { name: l }).first().click();
      await page.getByRole("heading", { level: 1, name: "Privacy notice" }).waitFor();
      assert.ok(links.length <= 4);
    });
}

/** Every view, by axe, in both themes, and at the width of a telephone. */
async function looks({ test, clean, narrow }, venue) {
  const who = await person(venue);
  const s = await venue.as("kim", "POST", "/v1/enrolments", {
    channel: "kiosk",
    scenes: [scene],
    zones: [zone],
    under_14: false,
  });
  const views = [
    ["kim", "/kiosk", ".k-ways"],
    ["carla", "/consent", ".table-box"],
    ["carla", `/consent/enrolments/${s.id}`, ".act-list"],
    ["carla", `/consent/people/${who.id}`, ".table-box"],
    ["carla", "/consent/due", ".panel .empty"],
    ["carla", "/consent/messages", ".panel .empty"],
    ["carla", "/consent/import", ".facts"],
    [undefined, "/me", ".me-in"],
    [undefined, "/me/request", "form"],
    [undefined, "/privacy", "main"],
  ];
  for (const colorScheme of ["dark", "light"])
    for (const width of [1280, 360]) {
      const options = { colorScheme, viewport: { width, height: 800 } };
      for (const [role, path, wait] of views)
        await test(
          `axe: ${path.replace(/[0-9a-f-]{36}/, "…")} ${colorScheme} ${width}`,
          role ? as(venue, role, options) : options,
          async (page) => {
            await page.goto(venue.url + path);
            await page.locator(wait).first().waitFor();
            await clean(page);
            await narrow(page);
          },
        );
      await test(
        `axe: the kiosk’s steps ${colorScheme} ${width}`,
        as(venue, "kim", options),
        async (page) => {
          await toQuestion(page, venue.url);
          await clean(page);
          await narrow(page);
          await press(page, "No, I don’t agree");
          await clean(page);
          await press(page, "Finish");
          await press(page, /^I have a receipt/);
          await clean(page);
          await narrow(page);
          await page.getByLabel("Code", { exact: true }).fill(who.code);
          await page.locator(".k-mine li").first().waitFor();
          await clean(page);
          await narrow(page);
        },
      );
      await test(`axe: one’s own pages ${colorScheme} ${width}`, options, async (page) => {
        await page.goto(`${venue.url}/me#code=${who.code}`);
        await page.locator(".me-card").first().waitFor();
        for (const [link, wait] of [
          ["My consents", ".me-card"],
          ["What is kept", ".me-kept"],
          ["My requests", "form"],
          ["Messages", ".panel"],
        ]) {
          await page.getByRole("link", { name: link }).click();
          await page.locator(wait).first().waitFor();
          await clean(page);
          await narrow(page);
        }
      });
    }
}

/** What is no face is refused by the server, and said in words. */
async function refusedPicture({ test }, venue) {
  await test(
    "kiosk: a picture without a face is refused in words",
    as(venue, "kim"),
    async (page, complaints) => {
      await toQuestion(page, venue.url);
      await press(page, "Yes, I agree");
      await press(page, "No, I don’t agree");
      await prove(venue, await page.locator(".k-number").textContent());
      await press(page, "The officer has finished");
      await press(page, "Turn the camera on");
      await page.waitForSelector('.capture[data-stage="live"]');
      await press(page, "Take the picture");
      await press(page, "Use this picture");
      await page.getByText("No face was found. Bring your face into the frame.").waitFor();
      assert.equal(await page.evaluate(() => document.querySelector(".capture canvas").width), 0);
      await press(page, "Stop, and take back what I agreed to");
      await page.getByRole("heading", { name: "What would you like to do?" }).waitFor();
      complaints.length = 0; // the browser says 422
    },
  );
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const ctx = { failed: 0 };
  await consent(ctx);
  if (ctx.failed) {
    console.error(`${ctx.failed} failed`);
    process.exit(1);
  }
}
