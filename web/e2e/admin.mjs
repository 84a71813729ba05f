// Administration in real Chromium against the program itself, begun without any
// camera or site: first steps, the site, a camera that is tried, kept and there
// after a restart, an invitation, the configuration without its secrets.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { harness } from "./harness.mjs";
import { looks, startHouse } from "./house.mjs";
import { openBrowser } from "./server.mjs";

const cast = { ada: "administrator", vera: "venue_owner" };
const secret = "c4n4ry-pass";

/** Runs the tests of this desk; adds what failed to ctx. */
export async function admin(ctx) {
  const house = await startHouse(cast);
  const browser = await openBrowser();
  const other = await stranger();
  try {
    let own = harness({ url: house.url }, browser);
    await beginning(own, house);
    await trying(own, house, other.port);
    ctx.failed += own.failed;
    await house.again();
    own = harness({ url: house.url }, browser);
    await after(own, house);
    await looks(own, house, "ada", [
      "/admin",
      "/admin/cameras",
      "/admin/cameras/new",
      "/admin/users",
      "/admin/site",
      "/admin/scenes",
      "/admin/health",
      "/admin/config",
      "/admin/retention",
      "/admin/log",
      "/admin/exit",
      "/admin/halt",
    ]);
    ctx.failed += own.failed;
  } finally {
    await browser.close();
    await house.stop();
    await other.stop();
  }
}

/** Something that listens and does not speak RTSP. */
async function stranger() {
  const open = new Set();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => open.delete(socket));
    socket.end("220 mail.example ready\r\n");
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const stop = async () => {
    const closed = new Promise((done) => server.close(done));
    for (const socket of open) socket.destroy(); // who called may hold on
    await closed;
  };
  return { port: server.address().port, stop };
}

async function beginning({ test }, house) {
  await test("the first steps begin with nothing", house.as("ada"), async (page) => {
    await page.goto(`${house.url}/admin`);
    await page.getByText("0 of 15 steps hold").waitFor();
    assert.equal(await page.locator(".way-step").count(), 15);
    assert.equal(await page.locator(".way-step.now").count(), 3);
  });

  await test("the site is made, and its step is done", house.as("ada"), async (page) => {
    await page.goto(`${house.url}/admin`);
    await page.locator(".way-step", { hasText: "The site and its legal profile" }).getByRole("link").click();
    await page.getByLabel(/^Id/).fill("north-hall");
    await page.getByLabel(/^Controller/).fill("Northern Halls Ltd.");
    await page.getByLabel(/^Contact/).fill("privacy@halls.example");
    await page.getByLabel(/^Legal profile/).selectOption("eu");
    await page.getByRole("button", { name: "Make the site" }).click();
    await page.getByText("European Union").first().waitFor();
    await page.getByRole("link", { name: "First steps" }).click();
    await page.getByText("1 of 15 steps hold").waitFor();
    // A scene is added by somebody else; the step opens what builds on it.
    await house.call("vera", "POST", "/v1/scenes", { id: "lane", purpose: "access_control" });
    await page.reload();
    await page.getByText("2 of 15 steps hold").waitFor();
  });

  await test("an invitation's link is told once", house.as("ada"), async (page) => {
    await page.goto(`${house.url}/admin/users`);
    await page.getByRole("button", { name: "Invite somebody" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel(/^Name/).fill("Pia Privacy");
    await dialog.getByLabel(/^Id/).fill("pia");
    await dialog.getByLabel("Privacy officer").check();
    await dialog.getByRole("button", { name: "Invite somebody" }).click();
    const link = await page.locator(".one-time").textContent();
    assert.ok(link.startsWith(`${house.url}/`), link);
    await page.keyboard.press("Escape"); // a stray key does not lose it
    await page.locator(".one-time").waitFor();
    await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();
    await page.getByRole("cell", { name: /Pia Privacy/ }).waitFor();
    await page.getByText("Invited").waitFor();
    await page.reload();
    assert.equal(await page.locator(".one-time").count(), 0);
  });
}

async function trying({ test }, house, port) {
  await test("a connection test says at which step it fails", house.as("ada"), async (page) => {
    await page.goto(`${house.url}/admin/cameras/new`);
    await page.getByLabel(/^User name/).fill("viewer");
    await page.getByLabel(/^Password/).fill(secret);
    const result = page.locator(".test-steps li");
    const attempt = async (url, failing, words) => {
      await page.getByLabel(/^Address/).fill(url);
      await page.getByRole("button", { name: "Try the connection" }).click();
      const failed = page.locator(".test-steps li.failed", { hasText: failing });
      await failed.waitFor();
      await failed.getByText(words).waitFor();
      assert.equal(await page.locator(".test-steps li.failed").count(), 1);
      return result.count();
    };
    await attempt("rtsp://127.0.0.1:9/x", "Something listens at the port", /Nobody listens at this port/);
    await attempt("rtsp://no-such-camera.invalid/x", "Its name is known", /The name is not known/);
    await attempt(`rtsp://127.0.0.1:${port}/x`, "It speaks RTSP", /does not speak RTSP|connection ended/);
    assert.equal(await page.getByText("mail.example").count(), 0, "what answers is not read out");
  });

  await test("another protocol is no camera", house.as("ada"), async (page, complaints) => {
    await page.goto(`${house.url}/admin/cameras/new`);
    await page.getByLabel(/^Address/).fill("http://127.0.0.1/admin");
    await page.getByRole("button", { name: "Try the connection" }).click();
    await page.getByRole("alert").getByText(/rtsp/).waitFor();
    complaints.length = 0; // the browser notes the refusal
  });

  await test("a camera begins at once, and says why it is not reached", house.as("ada"), async (page) => {
    await page.goto(`${house.url}/admin/cameras/new`);
    await page.getByLabel(/^Address/).fill("rtsp://127.0.0.1:9/x");
    await page.getByLabel(/^User name/).fill("viewer");
    await page.getByLabel(/^Password/).fill(secret);
    await page.getByLabel(/^Id/).fill("north-gate");
    await page.getByRole("button", { name: "Add the camera" }).click();
    await page.getByText("Not reached", { exact: true }).waitFor();
    await page.getByText("The camera does not answer.").waitFor();
    assert.ok(!(await page.content()).includes(secret));
  });
}

async function after({ test }, house) {
  await test("every figure is told in the reader's language", house.as("ada"), async (page) => {
    await page.addInitScript(() => localStorage.setItem("lang", "zh-CN"));
    await page.goto(`${house.url}/admin/health`);
    await page.getByText("bystander_build_info").waitFor();
    const english = await page.locator("td small[lang=en]").allTextContents();
    assert.deepEqual([...new Set(english)], [], "say these in src/admin/figures.ts as well");
  });

  await test("after a restart the camera is tried again", house.as("ada"), async (page) => {
    await page.goto(`${house.url}/admin/cameras`);
    await page.getByText("Not reached").waitFor();
  });

  await test("the configuration knows nothing of an added camera", house.as("ada"), async (page) => {
    await page.goto(`${house.url}/admin/config`);
    await page.getByLabel("Find a key").fill("server.listen");
    await page.getByRole("row", { name: /server\.listen.*file/i }).waitFor();
    assert.ok(!(await page.content()).includes(secret));
  });

  await test("retention and the log tell of the start", house.as("ada"), async (page) => {
    await page.goto(`${house.url}/admin/retention`);
    await page.getByText("Nothing is overdue").waitFor();
    await page.goto(`${house.url}/admin/log`);
    await page.getByLabel("Kind").selectOption("retention_run");
    await page.getByRole("cell", { name: "Retention", exact: true }).first().waitFor();
  });
}

if (import.meta.url === `file://${process.argv[1]}`) {
  const ctx = { failed: 0 };
  await admin(ctx);
  process.exit(ctx.failed ? 1 : 0);
}
