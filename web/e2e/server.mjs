// Starts the fake server, or uses the one at URL, and opens Chromium.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const root = new URL("../../", import.meta.url).pathname;

/** Starts the fake server with the built pages (DIST: of another folder); resolves with its address and a way to stop it. */
export async function startServer(...args) {
  const bin = process.env.FAKESERVER;
  const all = ["-addr", "127.0.0.1:0", "-dist", process.env.DIST ?? `${root}web/dist`, ...args];
  const child = bin
    ? spawn(bin, all, { stdio: ["ignore", "pipe", "inherit"] })
    : spawn("go", ["run", "./api/apitest/fakeserver", ...all], {
        cwd: root,
        stdio: ["ignore", "pipe", "inherit"],
        detached: true, // go run starts a child of its own; both are ended together
      });
  const stop = async () => {
    if (child.exitCode !== null) return;
    const ended = once(child, "exit");
    if (bin) child.kill("SIGTERM");
    else process.kill(-child.pid, "SIGTERM");
    await ended;
  };
  const line = await Promise.race([
    once(createInterface({ input: child.stdout }), "line"),
    once(child, "exit").then(() => Promise.reject(new Error("the fake server ended"))),
  ]);
  return { url: line[0], stop };
}

/** Opens Chromium with a made-up camera instead of a real one. */
export function openBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--use-fake-device-for-media-stream",
      "--autoplay-policy=no-user-gesture-required",
      "--disable-features=WebRtcHideLocalIpsWithMdns",
    ],
  });
}
