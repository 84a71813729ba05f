// An empty installation of the real program, for the desks of the privacy office
// and of administration: no site, no camera, an account for each of the cast.
// BYSTANDER names a program that is built already.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = new URL("../../", import.meta.url).pathname;
const shared = process.env.BYSTANDER_SHARED ?? join(root, "..", "shared");

/** Starts the program; `cast` gives each account its role. `again` ends it and starts it over the same data. */
export async function startHouse(cast) {
  const dir = await mkdtemp(join(tmpdir(), "bystander-house-"));
  const bin = process.env.BYSTANDER ?? join(dir, "bystander");
  if (!process.env.BYSTANDER) await run("go", ["build", "-o", bin, "./cmd/bystander"], { cwd: root });
  const config = join(dir, "bystander.yml");
  await writeFile(
    config,
    [
      `data: ${join(dir, "data")}`,
      "log: { level: info, format: json }",
      "server: { listen: 127.0.0.1:0 }",
      "record: { enabled: false }",
      `models: { mirrors: [${join(shared, "models")}], offline: true }`,
      "",
    ].join("\n"),
  );
  const tokens = {};
  for (const [id, role] of Object.entries(cast)) {
    const { stdout } = await run(bin, ["token", "add", "-c", config, "--id", id, "--role", role]);
    tokens[id] = stdout.split("\n")[0].trim();
  }
  const house = { dir, tokens, url: "", child: undefined };
  const begin = async () => {
    const child = spawn(bin, ["run", "-c", config], { stdio: ["ignore", "ignore", "pipe"] });
    house.child = child;
    house.url = await new Promise((done, fail) => {
      const said = [];
      createInterface({ input: child.stderr }).on("line", (line) => {
        said.push(line);
        const url = /"url":"(http[^"]+)"/.exec(line)?.[1];
        if (url) done(url);
      });
      child.once("exit", () => fail(new Error(`the program ended:\n${said.join("\n")}`)));
    });
  };
  const end = async () => {
    if (house.child.exitCode !== null) return;
    const ended = once(house.child, "exit");
    house.child.kill("SIGTERM");
    await ended;
  };
  house.again = async () => {
    await end();
    await begin();
  };
  house.stop = async () => {
    await end();
    await rm(dir, { recursive: true, force: true });
  };
  /** A page's options as somebody of the cast. */
  house.as = (who, more = {}) => ({
    extraHTTPHeaders: { Authorization: `Bearer ${tokens[who]}` },
    colorScheme: "light",
    ...more,
  });
  /** Asks the interface as somebody; null is a passer-by. */
  house.call = async (who, method, path, body) => {
    const res = await fetch(house.url + path, {
      method,
      headers: {
        "Content-Type": "application/json",
        ...(who ? { Authorization: `Bearer ${tokens[who]}` } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await res.text();
    if (!res.ok) throw new Error(`${method} ${path}: ${res.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
  };
  await begin();
  return house;
}

/** Axe on each address: light, wide and English, then dark, narrow and Chinese. LOOKS=no leaves it out. */
export async function looks({ test, clean, narrow }, house, who, paths) {
  if (process.env.LOOKS === "no") return;
  for (const [colorScheme, width, lang] of [
    ["light", 1440, "en"],
    ["dark", 360, "zh-CN"],
  ])
    for (const path of paths)
      await test(
        `axe: ${path} ${colorScheme} ${lang} ${width}`,
        house.as(who, { colorScheme, viewport: { width, height: 800 } }),
        async (page) => {
          await page.addInitScript((l) => localStorage.setItem("lang", l), lang);
          await page.goto(house.url + path);
          await page.locator("main h1").first().waitFor();
          await page.waitForFunction(() => !document.querySelector("main .loading"));
          await clean(page);
          await narrow(page);
          if (process.env.SHOTS)
            await page.screenshot({
              path: join(
                process.env.SHOTS,
                `${path.slice(1).replaceAll("/", "-")}-${lang}-${colorScheme}-${width}.png`,
              ),
              fullPage: true,
            });
        },
      );
}
