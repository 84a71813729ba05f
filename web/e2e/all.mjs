// Runs every desk's tests in Chromium, one file after the other: each starts the
// servers it needs and stops them. Names as arguments choose some of them.
// BYSTANDER and FAKESERVER name programs that are built already.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = new URL("../../", import.meta.url).pathname;
const files = ["run", "account", "firstrun", "demo", "zones", "audit", "consent", "office", "admin"];
const chosen = process.argv.slice(2);
const env = { ...process.env };
const dir = await mkdtemp(join(tmpdir(), "bystander-e2e-"));
let failed = 0;

/** Runs a command with our output as its own; resolves with its exit status. */
async function run(command, args, cwd) {
  const [code, signal] = await once(spawn(command, args, { cwd, env, stdio: "inherit" }), "exit");
  return signal ?? code;
}

try {
  for (const [name, pack] of [
    ["BYSTANDER", "./cmd/bystander"],
    ["FAKESERVER", "./api/apitest/fakeserver"],
    ["LOOPCAM", "./internal/tools/loopcam"],
  ]) {
    if (env[name]) continue;
    env[name] = join(dir, name.toLowerCase());
    if ((await run("go", ["build", "-o", env[name], pack], root)) !== 0)
      throw new Error(`${pack} does not build`);
  }
  for (const file of files) {
    if (chosen.length > 0 && !chosen.includes(file)) continue;
    const start = performance.now();
    const status = await run(process.execPath, [`e2e/${file}.mjs`], join(root, "web"));
    console.log(
      `==> ${file}: ${status === 0 ? "ok" : `FAILED (${status})`}, ${Math.round((performance.now() - start) / 1000)} s`,
    );
    if (status !== 0) failed++;
  }
} finally {
  await rm(dir, { recursive: true });
}
if (failed > 0) process.exitCode = 1;
