// What processes cost, and how soon pictures come: for the measurements of the wall.
import { readdirSync, readFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { install, run, start } from "./program.mjs";

/** The processes there are: the parent of each, and the CPU seconds that it and its ended children used. */
function processes() {
  const all = new Map();
  for (const pid of readdirSync("/proc").filter((n) => /^\d+$/.test(n))) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const f = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const seconds = f.slice(11, 15).reduce((sum, n) => sum + Number(n), 0) / 100;
      all.set(pid, { parent: f[1], seconds, name: stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")")) });
    } catch {
      // It ended while we looked.
    }
  }
  return all;
}

/** CPU seconds of a process and of all below it. */
export function cpu(root) {
  const all = processes();
  const below = (pid) => pid === String(root) || (all.has(pid) && below(all.get(pid).parent));
  let sum = 0;
  for (const [pid, p] of all) if (below(pid)) sum += p.seconds;
  return sum;
}

/** The browser that this script started. */
export function browserPid() {
  for (const [pid, p] of processes())
    if (p.parent === String(process.pid) && p.name.startsWith("chrom")) return pid;
  throw new Error("no browser was started");
}

/**
 * The program with so many cameras, each playing a moving test picture of
 * 640×360, and nothing recorded; resolves with its address, its process, what an
 * operator's page needs, and a way to stop it.
 */
export async function startCameras(name, count, fps) {
  const at = await install(name, {
    cast: { op: "operator" },
    settings: async (dir) => {
      const film = join(dir, "film.mp4");
      const draw = ["-f", "lavfi", "-i", `testsrc2=size=640x360:rate=${fps}`, "-t", "20"];
      await run("ffmpeg", [
        ...["-v", "error", ...draw, "-preset", "ultrafast", "-g", String(fps), "-pix_fmt", "yuv420p", film],
      ]);
      const cameras = Array.from(
        { length: count },
        (_, i) => `  - { id: cam${i + 1}, name: Camera ${i + 1}, driver: file, url: "${film}" }`,
      );
      return ["cameras:", ...cameras];
    },
  });
  const { url, pid, end } = await start(at.bin, ["run", "-c", at.config]);
  const stop = async () => {
    await end();
    await at.remove();
  };
  const page = {
    viewport: { width: 1440, height: 900 },
    extraHTTPHeaders: { Authorization: `Bearer ${at.tokens.op}` },
  };
  return { url, pid, page, stop };
}

/** Notes, before a page is opened, when a camera's tile is there and when it shows its first picture. */
export function noteFirst(page, camera) {
  return page.addInitScript((id) => {
    new MutationObserver(() => {
      const video = document.querySelector(`[data-camera="${id}"] video`);
      if (!video || window.mounted) return;
      window.mounted = performance.now();
      video.requestVideoFrameCallback((now) => {
        window.first = now;
      });
    }).observe(document, { childList: true, subtree: true });
  }, camera);
}

/** Milliseconds until the first picture: from the tile's mount, and from the navigation. */
export async function firstPicture(page) {
  await page.waitForFunction(() => window.first);
  return page.evaluate(() => ({
    tile: Math.round(window.first - window.mounted),
    navigation: Math.round(window.first),
  }));
}

/** How long the first picture may take, in ms: a second, where nobody else needs the machine. */
export const patience = () => (loadavg()[0] > cpus().length ? 8000 : 1000);
