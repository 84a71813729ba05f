// The operators' desk: wall, events, recordings on the timeline, notes, export.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { firstPicture, noteFirst, patience } from "./cost.mjs";
import { startServer } from "./server.mjs";

const order = (page) =>
  page.evaluate(() => [...document.querySelectorAll(".tiles [data-camera]")].map((t) => t.dataset.camera));

/** Runs the desk's tests against the scene of the fake server. */
export async function wall(ctx) {
  await pictures(ctx);
  await arranging(ctx);
  await timeline(ctx);
  await events(ctx);
  await handling(ctx);
  await looks(ctx);
}

async function pictures({ server, test, countFrames }) {
  await test("the live picture plays, the first one within a second", {}, async (page) => {
    // What a person waits for: from the tile's mount, and from the navigation.
    await noteFirst(page, "stage");
    await page.goto(server.url);
    const first = await firstPicture(page);
    const frames = await countFrames(page, "stage", 2000);
    assert.ok(frames >= 30, `${frames} pictures in 2 s`);
    assert.ok(first.tile < patience(), `first picture ${first.tile} ms after the tile`);
    return `first picture ${first.tile} ms after the tile, ${first.navigation} ms after navigation began; ${frames} pictures in 2 s`;
  });

  await test("states of cameras are explained", {}, async (page) => {
    await page.goto(server.url);
    const gate = page.locator('[data-camera="gate"]');
    await gate.getByText("The camera does not answer").waitFor();
    await gate.getByText(/^Since \d\d:\d\d:\d\d \(\d+\s(sec|min)\.\sago\)/).waitFor();
    const quay = page.locator('[data-camera="quay"]');
    await quay.getByText(/^Masked completely: the detector is late\. Since \d\d:\d\d:\d\d\.$/).waitFor();
    await quay.getByText("Nobody can be seen until it works again").waitFor();
    await page.getByText("Waiting for somebody to publish").waitFor();
    await page.getByText("This is a sample site").waitFor();
    await page
      .locator('[data-camera="stage"] .tile-foot')
      .getByText(/^\s*\d+ ms$/)
      .waitFor();
    assert.equal(await page.locator(".health tbody tr").count(), 5);
  });

  // Tiles so wide that words stand beside the sign; on small ones it is the sign's own title.
  const wide = { viewport: { width: 2400, height: 1200 } };
  await test("what a camera gives up on a busy machine is told, with the reason", wide, async (page) => {
    // The stream ends at once, so that what is told of the camera stays.
    await page.route("**/v1/stream*", (route) =>
      route.fulfill({ contentType: "text/event-stream", body: "retry: 600000\n\n" }),
    );
    await page.route("**/v1/cameras", async (route) => {
      const res = await route.fetch();
      const { cameras } = await res.json();
      for (const c of cameras) c.quality.rung = c.id === "stage" ? "rate" : "full";
      await route.fulfill({ response: res, json: { cameras } });
    });
    await page.goto(server.url);
    const stage = page.locator('[data-camera="stage"]');
    const why = "Fewer pictures a second: this machine cannot keep up. Who is masked stays masked.";
    await stage.locator(".tile-eased", { hasText: why }).waitFor();
    assert.equal(await stage.locator(`.chip[title="${why}"]`).textContent(), "Reduced quality");
    assert.ok((await stage.getAttribute("aria-label")).endsWith(why));
    assert.equal(await page.locator(".tile-eased").count(), 1);
  });

  await test("a camera that is lost is shown at once", {}, async (page) => {
    await page.goto(server.url);
    await page.locator('[data-camera="stage"].is-live').waitFor();
    const cut = performance.now();
    const res = await page.request.post(`${server.url}/v1/fake/cameras/stage/lose`);
    assert.equal(res.status(), 204);
    await page.locator('[data-camera="stage"].is-lost').waitFor();
    const took = Math.round(performance.now() - cut);
    assert.ok(took < 2500, `shown after ${took} ms`);
    await page.request.post(`${server.url}/v1/fake/cameras/stage/find`);
    return `shown ${took} ms after it was lost`;
  });
}

async function arranging({ server, test }) {
  await test("the wall is walked, rearranged and paged by keys", {}, async (page) => {
    await page.goto(server.url);
    const focused = () => page.evaluate(() => document.activeElement.dataset.camera);
    const press = (key) => page.keyboard.press(key);
    await page.locator('[data-camera="arcade"]').focus();
    await press("ArrowRight");
    assert.equal(await focused(), "gate");
    await press("f");
    await page.waitForFunction(() => document.fullscreenElement?.dataset.camera === "gate");
    await press("f");
    await page.waitForFunction(() => !document.fullscreenElement);
    await press("w");
    await page.waitForFunction(() => document.fullscreenElement?.classList.contains("wall"));
    await press("w");
    await page.waitForFunction(() => !document.fullscreenElement);
    await press("Shift+ArrowRight");
    await page.waitForFunction(
      () => document.querySelectorAll("[data-camera]")[2]?.dataset.camera === "gate",
    );
    assert.deepEqual(await order(page), ["arcade", "phone", "gate", "quay", "stage"]);
    await page.getByText("North gate is now at place 3 of 5.").waitFor({ state: "attached" });
    await press("2");
    await page.getByText("Page 1 of 2").waitFor();
    assert.equal((await order(page)).length, 4);
    await press("PageDown");
    await page.getByText("Page 2 of 2").waitFor();
    assert.deepEqual(await order(page), ["stage"]);
    await page.reload(); // kept on this device
    await page.getByText("Page 1 of 2").waitFor();
    assert.deepEqual(await order(page), ["arcade", "phone", "gate", "quay"]);
    await press("?");
    await page.getByRole("dialog").getByText("Wall in full screen").waitFor();
    await press("Escape");
    await page.waitForFunction(() => !document.querySelector("dialog[open]"));
  });

  await test("tiles are dragged", {}, async (page) => {
    await page.goto(server.url);
    await page.locator('[data-camera="arcade"].is-live').waitFor();
    const middle = async (id) => {
      const box = await page.locator(`[data-camera="${id}"]`).boundingBox();
      return [box.x + box.width / 2, box.y + box.height / 2];
    };
    const grip = await page.locator('[data-camera="arcade"] .tile-grip').boundingBox();
    await page.mouse.move(grip.x + 5, grip.y + 5);
    await page.mouse.down();
    await page.mouse.move(...(await middle("phone")), { steps: 8 });
    await page.locator('[data-camera="phone"].under').waitFor();
    await page.mouse.up();
    assert.deepEqual(await order(page), ["gate", "phone", "arcade", "quay", "stage"]);
    await page.locator('[data-camera="arcade"].is-live').waitFor(); // it went on playing
    await page.getByRole("button", { name: "Undo the arrangement" }).click();
    assert.deepEqual(await order(page), ["arcade", "gate", "phone", "quay", "stage"]);
  });
}

const playing = (page) =>
  page.waitForFunction(() => {
    const v = document.querySelector(".player video");
    return v && v.currentTime > 0.3 && !v.seeking;
  });

async function timeline({ server, test }) {
  const open = async (page) => {
    await page.goto(`${server.url}/live/recordings`);
    const slider = page.getByRole("slider", { name: "Timeline of the recordings" });
    await slider.waitFor();
    await page.waitForFunction(() => document.querySelector(".tl-track canvas")?.width > 300);
    return slider;
  };

  await test("the timeline is walked by keys, and plays where it stands", {}, async (page) => {
    const slider = await open(page);
    await slider.focus();
    await page.keyboard.press("End");
    await playing(page);
    const told = async () => slider.getAttribute("aria-valuetext");
    assert.match(await told(), /^Arcade, \d\d:\d\d:\d\d, recorded$/);
    const late = Number(await slider.getAttribute("aria-valuenow"));
    await page.keyboard.press("Home");
    await page.waitForFunction(
      (was) => Number(document.querySelector(".tl-track").getAttribute("aria-valuenow")) < was - 300,
      late,
    );
    await playing(page);
    await page.keyboard.press("ArrowDown"); // North gate has nothing recorded
    assert.match(await told(), /^North gate, .*, nothing recorded$/);
    await page.getByText("Nothing was recorded here.").waitFor();
    for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowDown");
    assert.match(await told(), /^Stage/);
    await playing(page);
    await page.evaluate(() => document.activeElement.blur());
    await page.keyboard.press("Space");
    assert.equal(await page.locator(".player video").evaluate((v) => v.paused), true);
  });

  await test("a press on the timeline seeks to that instant, wheel and keys zoom", {}, async (page) => {
    const slider = await open(page);
    const recording = (
      await (await page.request.get(`${server.url}/v1/recordings?camera=arcade&limit=1`)).json()
    ).recordings[0];
    await slider.focus();
    await page.keyboard.press("End");
    await playing(page);
    for (let i = 0; i < 6; i++) await page.keyboard.press("+");
    const box = await page.locator(".tl-track canvas").boundingBox();
    // The recording's end lies near the right edge: what is pressed is told, and shown.
    await page.mouse.click(box.x + box.width * 0.5, box.y + 26 + 19);
    const at = Number(await slider.getAttribute("aria-valuenow")) * 1000;
    await page.waitForTimeout(600);
    const v = await page.locator(".player video").evaluate((x) => ({ at: x.currentTime, src: x.src }));
    if (at >= Date.parse(recording.from) && at < Date.parse(recording.to)) {
      const wanted = (at - Date.parse(recording.from)) / 1000;
      assert.ok(Math.abs(v.at - wanted) < 2.5, `plays ${v.at} s into it, not ${wanted} s`);
      assert.ok(v.src.includes(recording.id));
    } else assert.fail(`the press was at ${new Date(at).toISOString()}, outside ${recording.from}`);
    const step = async () => {
      const a = Number(await slider.getAttribute("aria-valuenow"));
      await page.keyboard.press("Shift+ArrowLeft");
      const b = Number(await slider.getAttribute("aria-valuenow"));
      return a - b;
    };
    const near = await step();
    await page.mouse.move(box.x + box.width / 2, box.y + 40);
    for (let i = 0; i < 12; i++) await page.mouse.wheel(0, 400);
    await page.waitForTimeout(100);
    const far = await step();
    assert.ok(far > near * 4, `a step of ${near} s became one of ${far} s`);
  });

  await test("events on the timeline lead to their picture", {}, async (page) => {
    await open(page);
    const mark = page.locator(".mark.person").first();
    await mark.click();
    await page.waitForFunction(() =>
      /^Stage, /.test(
        document.querySelector(".tl-track").ariaValueText ??
          document.querySelector(".tl-track").getAttribute("aria-valuetext"),
      ),
    );
    const before = await page.locator(".tl-track").getAttribute("aria-valuenow");
    await page.getByRole("button", { name: "Event before" }).click();
    await page.waitForFunction(
      (was) => Number(document.querySelector(".tl-track").getAttribute("aria-valuenow")) < Number(was),
      before,
    );
    await page.getByText("Camera North gate was lost").waitFor();
  });
}

async function events({ server, test }) {
  await test("events arrive as they happen, and are filtered", {}, async (page) => {
    await page.goto(server.url);
    await page.locator(".event.fresh").first().waitFor();
    assert.match(
      await page.locator(".event-text").first().textContent(),
      /^Guest [A-Z]\d[A-Z]{2} .* under consent/,
    );
    await page.getByRole("button", { name: "Cameras", exact: true }).click();
    await page.getByText("Camera North gate was lost").waitFor();
    assert.equal(await page.locator(".event.person").count(), 0);
    await page.getByRole("link", { name: "All events" }).or(page.getByText("That is everything.")).waitFor();
    await page.getByRole("link", { name: "Events", exact: true }).click();
    await page.getByLabel("Kind").selectOption("cameras");
    await page.getByLabel("Camera", { exact: true }).selectOption("gate");
    await page.getByText("1 events loaded").waitFor();
    await page.getByLabel("From").fill("2020-01-01T00:00");
    await page.getByLabel("Up to").fill("2020-01-02T00:00");
    await page.getByText("No event fits these filters.").waitFor();
    await page.getByLabel("Up to").fill("2019-01-02T00:00");
    await page.getByText("The end must lie after the beginning.").waitFor();
    await page.getByRole("button", { name: "Clear filters" }).click();
    await page.getByLabel("Only with a pseudonym").check();
    const head = page.locator(".event-head").first();
    await head.waitFor();
    await head.click();
    await page.getByText("Row hash").first().waitFor();
    await page.getByRole("link", { name: "Play the recording" }).click();
    await page.getByRole("slider", { name: "Timeline of the recordings" }).waitFor();
    assert.match(await page.locator(".tl-track").getAttribute("aria-valuetext"), /^Stage, /);
  });

  const many = 10_000;
  const full = process.env.URL ? undefined : await startServer("-events", String(many));
  if (!full) return;
  try {
    await test(`${many} events scroll smoothly`, { baseURL: full.url }, async (page, complaints) => {
      await page.goto(`${full.url}/live/events`);
      await page.locator(".event").first().waitFor();
      complaints.length = 0; // the other server's address counts as foreign
      const loaded = async () =>
        Number((await page.locator(".events-count").textContent()).replace(/\D/g, ""));
      while ((await loaded()) < many) {
        const was = await loaded();
        await page.locator(".events-scroll").evaluate((b) => b.scrollTo(0, b.scrollHeight));
        await page.waitForFunction(
          (n) => Number(document.querySelector(".events-count").textContent.replace(/\D/g, "")) > n,
          was,
        );
      }
      // Up and down through all of it, a sixtieth of a screen's worth of rows at a time.
      const times = await page.locator(".events-scroll").evaluate(
        (b) =>
          new Promise((done) => {
            const gaps = [];
            let last = 0;
            let y = b.scrollHeight;
            const step = (now) => {
              if (last) gaps.push(now - last);
              last = now;
              y -= gaps.length % 60 === 0 ? b.scrollHeight / 6 : 120; // with leaps between
              b.scrollTop = Math.max(0, y);
              if (gaps.length < 240) requestAnimationFrame(step);
              else done(gaps.sort((x, z) => x - z));
            };
            requestAnimationFrame(step);
          }),
      );
      const at = (share) => Math.round(times[Math.floor(times.length * share)] * 10) / 10;
      const rows = await page.locator(".event").count();
      complaints.length = 0;
      assert.ok(rows < 60, `${rows} rows exist at once`);
      assert.ok(at(0.5) < 34, `the median frame took ${at(0.5)} ms`);
      return `${await loaded()} events, ${rows} rows exist; frame times ${at(0.5)} ms median, ${at(0.95)} ms 95 %, ${at(1 - 1e-9)} ms longest`;
    });
  } finally {
    await full.stop();
  }
}

/** Notes and clips. */
async function handling({ server, test, clean }) {
  await test("a note is written on an instant and lies on the timeline", {}, async (page) => {
    await page.goto(`${server.url}/live/recordings`);
    const slider = page.getByRole("slider", { name: "Timeline of the recordings" });
    await slider.focus();
    await page.keyboard.press("End");
    await page.getByRole("button", { name: "Write a note" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("Names and descriptions of persons do not belong in a note.").waitFor();
    await clean(page);
    const text = `The door stood open (${Date.now()})`;
    await dialog.getByLabel("Note").fill(text);
    await dialog.getByRole("button", { name: "Keep the note" }).click();
    await dialog.waitFor({ state: "detached" });
    await page.locator(".mark.note").getByText(text).waitFor();
  });

  await test("a clip is chosen on the timeline and fetched", { acceptDownloads: true }, async (page) => {
    await page.goto(`${server.url}/live/recordings`);
    const slider = page.getByRole("slider", { name: "Timeline of the recordings" });
    await slider.focus();
    await page.keyboard.press("End");
    await page.getByText("Mark a beginning and an end on the timeline first.").waitFor();
    await page.keyboard.press("o");
    await page.keyboard.press("Shift+ArrowLeft");
    await page.keyboard.press("i");
    await page.getByRole("button", { name: "Export clip…" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("An incident is being handled").click();
    await clean(page);
    await dialog.getByRole("button", { name: "Prepare" }).click();
    await dialog.getByText(/^\d+ segments, /).waitFor();
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      dialog.getByRole("link", { name: "Fetch the archive" }).click(),
    ]);
    assert.match(file.suggestedFilename(), /^clip-arcade-\d{8}T\d{6}Z-exported-\d{8}T\d{6}Z-by-.+\.zip$/);
    const bytes = await readFile(await file.path());
    assert.equal(bytes.subarray(0, 4).toString("latin1"), "PK\u0003\u0004");
    for (const name of ["EXPORT.json", "EXPORT.json.sig", "edge.pub", ".mp4.receipt.json"]) {
      assert.ok(bytes.includes(name), `${name} is missing`);
    }
    return file.suggestedFilename();
  });
}

/** axe, and nothing wider than the window, on each view in both themes. */
async function looks({ server, test, clean, narrow }) {
  for (const colorScheme of ["dark", "light"]) {
    for (const width of [1440, 360]) {
      const options = { colorScheme, viewport: { width, height: 800 } };
      await test(`axe: / ${colorScheme} ${width}`, options, async (page) => {
        await page.goto(server.url);
        await page.waitForSelector(".tile.is-live");
        await page.locator(".event").first().waitFor();
        await clean(page);
        await narrow(page);
      });
      await test(`axe: /live/events ${colorScheme} ${width}`, options, async (page) => {
        await page.goto(`${server.url}/live/events`);
        await page.locator(".event-head").first().click();
        await clean(page);
        await narrow(page);
      });
      await test(`axe: /live/recordings ${colorScheme} ${width}`, options, async (page) => {
        await page.goto(`${server.url}/live/recordings`);
        await page.locator(".mark").first().waitFor();
        await clean(page);
        await narrow(page);
      });
    }
  }
}
