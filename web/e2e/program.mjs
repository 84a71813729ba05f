// The program itself, for the desks' tests: an installation in a folder of its own
// and a running server over it. BYSTANDER names a program that is built already.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

export const run = promisify(execFile);
export const root = new URL("../../", import.meta.url).pathname;

/** The evaluation data and models; they are not in the repository. */
export const shared = process.env.BYSTANDER_SHARED ?? join(root, "..", "shared");

/** A folder of its own, the program, and a way to remove the folder. */
export async function place(name) {
  const dir = await mkdtemp(join(tmpdir(), `bystander-${name}-`));
  const bin = process.env.BYSTANDER ?? join(dir, "bystander");
  if (!process.env.BYSTANDER) await run("go", ["build", "-o", bin, "./cmd/bystander"], { cwd: root });
  return { dir, bin, remove: () => rm(dir, { recursive: true, force: true }) };
}

/**
 * Configures an installation that records nothing. `settings` are more lines of
 * its file, made once the folder is there; `cast` gives each account its roles,
 * divided by spaces. Resolves with the place, the file and a token for each.
 */
export async function install(name, { cast = {}, settings = async () => [] } = {}) {
  const at = await place(name);
  const config = join(at.dir, "bystander.yml");
  const lines = [
    `data: ${join(at.dir, "data")}`,
    "log: { level: info, format: json }",
    "server: { listen: 127.0.0.1:0 }",
    "record: { enabled: false }",
    `models: { mirrors: [${join(shared, "models")}], offline: true }`,
    ...(await settings(at.dir)),
    "",
  ];
  await writeFile(config, lines.join("\n"));
  const tokens = {};
  for (const [id, roles] of Object.entries(cast)) {
    const asked = roles.split(" ").flatMap((r) => ["--role", r]);
    const { stdout } = await run(at.bin, [
      "token",
      "add",
      "-c",
      config,
      "--id",
      id,
      "--may-export",
      ...asked,
    ]);
    tokens[id] = stdout.split("\n")[0].trim();
  }
  return { ...at, config, tokens };
}

/**
 * Starts the program and waits until it answers. Resolves with its address, its
 * process, the lines of its log and of its output so far, and a way to end it softly.
 */
export async function start(bin, args, ready = /"url":"(http[^"]+)".*"ready"|open (http:\S+)/) {
  const child = spawn(bin, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  const said = [];
  const printed = [];
  createInterface({ input: child.stdout }).on("line", (line) => printed.push(line));
  const url = await new Promise((done, fail) => {
    child.once("exit", () => fail(new Error(`the program ended:\n${said.join("\n")}`)));
    createInterface({ input: child.stderr }).on("line", (line) => {
      said.push(line);
      const found = ready.exec(line);
      if (found) done(found[1] ?? found[2]);
    });
  });
  const end = async () => {
    if (child.exitCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
  };
  return { url, pid: child.pid, said, printed, end };
}

/** Sends a request as somebody; null is a passer-by. Fails unless it succeeds. */
export async function call(url, token, method, path, body, header = {}) {
  const res = await fetch(url + path, {
    method,
    headers: {
      ...(token ? { Authorization: `Bearer ${token}` } : {}),
      ...(body ? { "Content-Type": "application/json" } : {}),
      ...header,
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await res.text();
  if (!res.ok) throw new Error(`${method} ${path}: ${res.status} ${text}`);
  return text ? JSON.parse(text) : undefined;
}
