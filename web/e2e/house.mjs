// An empty installation of the real program, for the desks of the privacy office
// and of administration: no site, no camera, an account for each of the cast.
// BYSTANDER names a program that is built already.
import { join } from "node:path";
import { call, install, start } from "./program.mjs";

/** Starts the program; `cast` gives each account its role. `again` ends it and starts it over the same data. */
export async function startHouse(cast) {
  const { dir, bin, config, tokens, remove } = await install("house", { cast });
  const house = { dir, tokens, url: "" };
  let program;
  const begin = async () => {
    program = await start(bin, ["run", "-c", config]);
    house.url = program.url;
  };
  house.again = async () => {
    await program.end();
    await begin();
  };
  house.stop = async () => {
    await program.end();
    await remove();
  };
  /** A page's options as somebody of the cast. */
  house.as = (who, more = {}) => ({
    extraHTTPHeaders: { Authorization: `Bearer ${tokens[who]}` },
    colorScheme: "light",
    ...more,
  });
  /** Asks the interface as somebody; null is a passer-by. */
  house.call = (who, ...what) => call(house.url, who && tokens[who], ...what);
  await begin();
  return house;
}

/**
 * Axe on each address, and again while nothing can be read: light, wide and English,
 * then dark, narrow and Chinese. LOOKS=no leaves it out.
 */
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
        async (page, complaints) => {
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
          // Each address once so: the even ones in light, the odd ones in dark.
          if (paths.indexOf(path) % 2 !== (colorScheme === "light" ? 0 : 1)) return;
          await refuse(page);
          await page.reload();
          await page.locator("main h1").first().waitFor();
          await page.waitForFunction(() => !document.querySelector("main .loading"));
          await clean(page);
          await narrow(page);
          // The browser tells of each refused read.
          complaints.splice(0, complaints.length, ...complaints.filter((c) => !/status of 404/.test(c)));
        },
      );
}

/** From here on every read but those of the frame finds nothing there. */
function refuse(page) {
  return page.route(
    (url) => url.pathname.startsWith("/v1/") && !/^\/v1\/(session|status|stream)$/.test(url.pathname),
    (route) =>
      route.request().method() === "GET"
        ? route.fulfill({
            status: 404,
            contentType: "application/problem+json",
            body: JSON.stringify({ status: 404, title: "Not Found", code: "NONE" }),
          })
        : route.fallback(),
  );
}
