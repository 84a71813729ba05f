// Accounts in real Chromium against the program itself: a first start's link, a
// second factor, recovery codes, passkeys by a virtual authenticator, sign-out.
// BYSTANDER names a program that is built already; SHOTS a folder for pictures.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { harness } from "./harness.mjs";
import { install, run, start } from "./program.mjs";
import { openBrowser } from "./server.mjs";

const password = "turquoise ladder forgets noon";

/** The set-up link, once it came through its pipe. */
async function printedLink({ printed }) {
  for (let i = 0; i < 100; i++) {
    const link = /\/setup#\S+/.exec(printed.join("\n"))?.[0];
    if (link) return link;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`no set-up link was printed:\n${printed.join("\n")}`);
}

/** Starts the program with one camera that nobody publishes; resolves with its address by name and its set-up link. */
async function begin() {
  const camera = "cameras: [{ id: stage, name: Stage, driver: whip, transport: tcp }]";
  const { dir, bin, config, remove } = await install("account", { settings: async () => [camera] });
  // An auditor's account needs no second factor to look, and one to take away.
  const made = run(bin, [
    "user",
    "add",
    "-c",
    config,
    "--id",
    "ann",
    "--role",
    "auditor",
    "--password-stdin",
  ]);
  made.child.stdin.end(`${password}\n`);
  await made;
  const program = await start(bin, ["run", "-c", config]);
  const link = await printedLink(program);
  assert.ok(!program.said.join("\n").includes(link), "the link is not in the log");
  const stop = async () => {
    await program.end();
    await remove();
  };
  /** Makes every proof of an account as old as if so many minutes had passed. */
  const age = (id, minutes) =>
    run("python3", ["-c", older, join(dir, "data", "accounts.db"), id, String(minutes * 60_000)]);
  // Passkeys want a name, not an address.
  return { url: program.url.replace("127.0.0.1", "localhost"), link, age, stop };
}

/** Sets the time of sign-ins back, in the store that the running program reads. */
const older = `
import sqlite3, sys
with sqlite3.connect(sys.argv[1], timeout=20) as db:
    n = db.execute("UPDATE sessions SET proved_ms = proved_ms - ? WHERE account = ? AND ended_ms = 0", (int(sys.argv[3]), sys.argv[2])).rowcount
    assert n > 0, "nobody is signed in as " + sys.argv[2]
`;

/** The six digits of a secret (RFC 6238), now or so many half minutes from now. */
function totp(secret, ahead = 0) {
  const bits = [...secret.replace(/\s/g, "")].map((c) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c));
  const key = Buffer.from(
    bits
      .map((v) => v.toString(2).padStart(5, "0"))
      .join("")
      .match(/.{8}/g)
      .map((b) => Number.parseInt(b, 2)),
  );
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + ahead));
  const h = createHmac("sha1", key).update(counter).digest();
  const at = h[19] & 15;
  return String((h.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

const server = await begin();
const browser = await openBrowser();
const ctx = harness(server, browser);
const { test, clean, narrow } = ctx;
let codes = [];

/** Keeps a picture of the page in both themes and languages, and has axe look at each. */
async function look(page, name) {
  // What a button announced while it worked names the button, also once that is gone.
  await page.waitForFunction(() => !document.querySelector("[data-live-announcer] [role=img]"));
  for (const lang of ["en", "zh-CN"])
    for (const theme of ["dark", "light"]) {
      await page.evaluate(
        ([l, t]) => {
          document.documentElement.dataset.theme = t;
          document.documentElement.lang = l;
        },
        [lang, theme],
      );
      if (lang === "en") await clean(page);
      if (process.env.SHOTS && lang === "en") {
        await mkdir(process.env.SHOTS, { recursive: true });
        await page.screenshot({ path: join(process.env.SHOTS, `${name}-${theme}.png`), fullPage: true });
      }
    }
}

/** Waits until the page is at a workplace, whichever the account's first is. */
const atWork = (page) => page.waitForURL((u) => !["/", "/setup", "/signin"].includes(u.pathname));

async function signIn(page, id = "ada") {
  await page.getByLabel("Account").fill(id);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

await test("a first start is set up by its link", {}, async (page) => {
  await page.goto(`${server.url}/admin`);
  await page.waitForURL("**/signin?then=%2Fadmin");
  await page.getByText("Nobody can administer yet").waitFor();
  await look(page, "signin");
  await page.goto(server.url + server.link);
  await page.getByLabel("Account").fill("ada");
  await page.getByLabel("Name").fill("Ada Chen");
  await page.getByLabel("New password").fill("password1234");
  await page.getByText("easy to guess").waitFor();
  assert.ok(await page.getByRole("button", { name: "Go on" }).isDisabled());
  await page.getByLabel("New password").fill(password);
  await page.getByLabel("The same once more").fill(password);
  await page.getByText("very good").waitFor();
  await look(page, "setup");
  await page.getByRole("button", { name: "Go on" }).click();
  await page.getByRole("heading", { name: "One more step" }).waitFor();
  await page.getByRole("button", { name: "Set up an authenticator app" }).click();
  const secret = await page.locator(".secret").textContent();
  assert.ok(
    !(await page.evaluate(() => location.href)).includes("#"),
    "the link does not stay in the address",
  );
  await look(page, "second-factor");
  await page.getByLabel("Six digits").fill(totp(secret));
  await page.getByLabel("Six digits").press("Enter");
  await page.getByText("Keep these where only you find them").waitFor();
  codes = await page.locator(".codes code").allTextContents();
  assert.equal(codes.length, 10);
  await look(page, "recovery-codes");
  await page.getByRole("button", { name: "I have kept them" }).click();
  await atWork(page);
});

await test("sign in with the second factor, add a passkey, sign out", {}, async (page, complaints) => {
  await page.goto(`${server.url}/account`);
  await page.locator("main").getByRole("link", { name: "Sign in" }).click();
  await page.getByLabel("Account").fill("ada");
  await page.getByLabel("Password").fill("not the password");
  await page.getByLabel("Password").press("Enter");
  await page.getByText("That does not fit").waitFor();
  await signIn(page);
  await page.getByRole("heading", { name: "Second factor" }).waitFor();
  await page.getByLabel("Code").fill("aaaa-aaaa-aaaa-aaaa");
  await page.getByRole("button", { name: "Confirm" }).click();
  await page.getByText("That does not fit").waitFor();
  await page.getByLabel("Code").fill(codes[0]);
  await page.getByRole("button", { name: "Confirm" }).click();
  await page.waitForURL("**/account");
  assert.deepEqual(
    complaints.splice(0).filter((c) => !c.includes("401")),
    [],
  );

  const cdp = await page.context().newCDPSession(page);
  await cdp.send("WebAuthn.enable");
  await cdp.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  await page.getByText("9 left").waitFor();
  await page.getByRole("button", { name: "Add a passkey" }).click();
  await page.getByLabel("Name of this passkey").fill("Test key");
  await page.getByRole("button", { name: "Create" }).click();
  await page.getByText("Test key").waitFor();
  await look(page, "account");
  await page.getByRole("button", { name: "Account of Ada Chen" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.waitForURL("**/signin**");

  await page.goto(`${server.url}/signin?then=/account`);
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await page.waitForURL("**/account");
  await page.getByText("this one").waitFor();
  const cookies = await page.context().cookies();
  const own = cookies.find((c) => c.name.endsWith("bystander_session"));
  assert.ok(own?.httpOnly && own.sameSite === "Strict");
  await page.getByRole("button", { name: "End", exact: true }).first().click();
  await page.waitForURL("**/signin**");
});

await test("the pages fit a telephone and work by keyboard", {
  viewport: { width: 360, height: 740 },
}, async (page) => {
  await page.goto(`${server.url}/signin`);
  await page.getByLabel("Account").waitFor();
  await narrow(page);
  // The field has the focus: one can type at once.
  await page.keyboard.type("ada");
  await page.keyboard.press("Tab");
  await page.keyboard.type(password);
  await page.keyboard.press("Enter");
  await page.getByLabel("Code").waitFor();
  await narrow(page);
  await page.keyboard.type(codes[1]);
  await page.keyboard.press("Enter");
  await atWork(page);
  await page.goto(`${server.url}/account`);
  await page.getByText("8 left").waitFor();
  await narrow(page);
  if (process.env.SHOTS)
    await page.screenshot({ path: join(process.env.SHOTS, "account-360.png"), fullPage: true });
});

await test("an export asks for the second factor", {}, async (page, complaints) => {
  await page.goto(`${server.url}/signin?then=/audit/questions/reads?asked`);
  await signIn(page, "ann");
  await page.waitForURL("**/audit/questions/reads**");
  await page.getByRole("button", { name: "Download CSV" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("Your account has no second factor yet").waitFor();
  await clean(page);
  if (process.env.SHOTS) await page.screenshot({ path: join(process.env.SHOTS, "step-up.png") });
  await dialog.getByRole("link", { name: "Set one up" }).click();
  await page.waitForURL("**/account");
  await page.getByRole("button", { name: "Set up an authenticator app" }).click();
  const secret = await dialog.locator(".secret").textContent();
  await dialog.getByLabel("Six digits").fill(totp(secret));
  await dialog.getByLabel("Six digits").press("Enter");
  await dialog.getByText("Keep these where only you find them").waitFor();
  await dialog.getByRole("button", { name: "I have kept them" }).click();
  // A factor just given is recent enough.
  await page.goto(`${server.url}/audit/questions/reads?asked`);
  const file = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download CSV" }).click();
  assert.match((await file).suggestedFilename(), /\.csv$/);

  // Sixteen minutes later it is not: the dialog asks, and the export goes on by itself.
  await server.age("ann", 16);
  const late = page.waitForEvent("download");
  late.catch(() => {}); // what is asked for below fails first, and says more
  await page.getByRole("button", { name: "Download CSV" }).click();
  const code = dialog.getByLabel("Six digits, or a recovery code");
  await code.fill("000000");
  await dialog.getByRole("button", { name: "Continue" }).click();
  await dialog.getByText("That does not fit").waitFor();
  await clean(page);
  if (process.env.SHOTS) await page.screenshot({ path: join(process.env.SHOTS, "step-up-code.png") });
  await code.fill(totp(secret, 1)); // each code works once, and that of now was used above
  await dialog.getByRole("button", { name: "Continue" }).click();
  assert.match((await late).suggestedFilename(), /\.csv$/);
  await dialog.waitFor({ state: "detached" });
  const session = await page.evaluate(async () => (await fetch("/v1/session")).json());
  assert.equal(session.second_factor.recent, true, "the factor just given holds for the next export");
  assert.deepEqual(
    complaints.splice(0).filter((c) => !/40[13]/.test(c)),
    [],
  );
});

await browser.close();
await server.stop();
if (ctx.failed) process.exitCode = 1;
