// What sixteen live views cost, small and full, in CPU time of server and
// browser: sixteen views of one running camera, first at 480×270, then in full.
// Usage: node e2e/sixteen.mjs URL CAMERA SERVER_PID [SECONDS]

import { readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { openBrowser } from "./server.mjs";

const [url, camera, pid, seconds = "15"] = process.argv.slice(2);
const browser = await openBrowser();
const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });

/** CPU seconds of a process and of all below it, ended children included. */
function cpu(root) {
  const parents = new Map();
  const used = new Map();
  for (const p of readdirSync("/proc").filter((n) => /^\d+$/.test(n))) {
    try {
      const stat = readFileSync(`/proc/${p}/stat`, "utf8");
      const f = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      parents.set(p, f[1]);
      used.set(p, f.slice(11, 15).reduce((sum, n) => sum + Number(n), 0) / 100);
    } catch {
      // It ended while we looked.
    }
  }
  const below = (p) => p === root || (parents.has(p) && below(parents.get(p)));
  let sum = 0;
  for (const [p, n] of used) if (below(p)) sum += n;
  return sum;
}

/** The browser: the child of ours that is no worker of the server. */
const mine = async () =>
  readdirSync("/proc").find((p) => {
    try {
      const stat = readFileSync(`/proc/${p}/stat`, "utf8");
      return (
        stat.includes("chromium") &&
        stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1] === String(process.pid)
      );
    } catch {
      return false;
    }
  });

await page.goto(`${url}/publish`); // a page of the house that plays nothing
const chromium = await mine();
for (const size of ["none", "small", "full"]) {
  const shown = await page.evaluate(
    async ([id, want]) => {
      for (const pc of window.views ?? []) pc.close();
      document.body.replaceChildren();
      window.views = [];
      window.frames16 = 0;
      if (want === "none") return "";
      const grid = document.createElement("div");
      grid.style.cssText = "display:grid;grid-template-columns:repeat(4,350px);gap:4px";
      document.body.append(grid);
      for (let i = 0; i < 16; i++) {
        const pc = new RTCPeerConnection();
        window.views.push(pc);
        const video = document.createElement("video");
        video.muted = true;
        video.style.width = "350px";
        grid.append(video);
        const t = pc.addTransceiver("video", { direction: "recvonly" });
        t.receiver.jitterBufferTarget = 0;
        pc.ontrack = (e) => {
          video.srcObject = new MediaStream([e.track]);
          void video.play();
          const count = () => {
            window.frames16++;
            video.requestVideoFrameCallback(count);
          };
          video.requestVideoFrameCallback(count);
        };
        await pc.setLocalDescription(await pc.createOffer());
        const res = await fetch(`/whep/${id}?size=${want}`, {
          method: "POST",
          headers: { "Content-Type": "application/sdp" },
          body: pc.localDescription.sdp,
        });
        if (!res.ok) throw new Error(`view ${i}: ${res.status}`);
        await pc.setRemoteDescription({ type: "answer", sdp: await res.text() });
      }
      await new Promise((r) => setTimeout(r, 5000));
      const v = [...document.querySelectorAll("video")];
      return `${v.filter((x) => x.videoWidth > 0).length} of 16 play, ${v[0].videoWidth}×${v[0].videoHeight}`;
    },
    [camera, size],
  );
  const before = [cpu(pid), cpu(chromium), await page.evaluate(() => window.frames16)];
  const start = performance.now();
  await new Promise((r) => setTimeout(r, Number(seconds) * 1000));
  const took = (performance.now() - start) / 1000;
  const after = [cpu(pid), cpu(chromium), await page.evaluate(() => window.frames16)];
  const per = after.map((n, i) => (n - before[i]) / took);
  console.log(
    `${size.padEnd(6)} server ${per[0].toFixed(2)} cores, browser ${per[1].toFixed(2)} cores, ` +
      `${per[2].toFixed(0)} pictures/s shown${shown ? `; ${shown}` : ""}`,
  );
}
console.log((await readFile("/proc/loadavg", "utf8")).trim());
await browser.close();
