// Writes a picture of each view in both themes, both languages and at three widths into a folder.
// Usage: node e2e/shots.mjs FOLDER [URL [VIEW]]
import { mkdir } from "node:fs/promises";
import { openBrowser, startServer } from "./server.mjs";

const [folder = "shots", given, only = ""] = process.argv.slice(2);
await mkdir(folder, { recursive: true });
const server = given ? { url: given, stop: async () => {} } : await startServer();
const browser = await openBrowser();
try {
  const views = [
    ["live", "/", 1440, 900],
    ["live", "/", 360, 800],
    ["live", "/", 820, 1100],
    ["recordings", "/live/recordings", 1440, 900],
    ["recordings", "/live/recordings", 360, 800],
    ["events", "/live/events", 1440, 900],
    ["events", "/live/events", 360, 800],
    ["publish", "/publish", 1440, 900],
    ["publish", "/publish", 360, 800],
  ];
  const ready = { live: ".tile.is-live", recordings: ".mark", events: ".event", publish: ".pub-actions" };
  for (const [name, path, width, height] of views) {
    if (!name.includes(only)) continue;
    for (const theme of ["dark", "light"]) {
      for (const lang of ["en", "zh-CN"]) {
        if (width === 820 && (theme === "light" || lang === "en")) continue;
        const context = await browser.newContext({
          viewport: { width, height },
          colorScheme: theme,
          locale: lang,
          bypassCSP: true, // for the style below only
        });
        const page = await context.newPage();
        await page.goto(server.url + path);
        await page.waitForSelector(ready[name]);
        if (name === "recordings") {
          await page.getByRole("slider").focus();
          await page.keyboard.press("End");
          await page.waitForFunction(() => document.querySelector(".player video")?.currentTime > 0.3);
        }
        // What lies below the window is drawn as well, since the picture shows the whole page.
        await page.addStyleTag({ content: ".event { content-visibility: visible !important }" });
        if (name === "live") await page.waitForTimeout(1500);
        const file = `${folder}/${name}-${width}-${theme}-${lang}.png`;
        await page.screenshot({ path: file, fullPage: true });
        console.log(file);
        await context.close();
      }
    }
  }
} finally {
  await browser.close();
  await server.stop();
}
