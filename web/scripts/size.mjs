// Fails when the script of the first view grows beyond its allowance: what
// index.html names, and what those files load at once. Desks load later.
import { readdir, readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";

const limit = 350 * 1024;
const dir = new URL("../dist/assets/", import.meta.url);
const index = await readFile(new URL("../dist/index.html", import.meta.url), "utf8");
const scripts = (await readdir(dir)).filter((n) => n.endsWith(".js"));
const text = new Map();
const size = new Map();
for (const name of scripts) {
  const body = await readFile(new URL(name, dir));
  text.set(name, body.toString());
  size.set(name, gzipSync(body, { level: 9 }).length);
}
/** The files that a script imports before it runs. */
const imports = (name) =>
  [...text.get(name).matchAll(/(?:^|[;}\s])(?:import|from)\s*["']\.\/([\w.-]+\.js)["']/g)].map((m) => m[1]);
const first = new Set();
// The start page's own chunk counts as well: it is what an operator waits for.
const queue = scripts.filter(
  (n) => index.includes(n) || (n.startsWith("desk-") && text.get(n).includes("live")),
);
for (let name = queue.pop(); name; name = queue.pop()) {
  if (first.has(name) || !text.has(name)) continue;
  first.add(name);
  queue.push(...imports(name));
}
let total = 0;
let all = 0;
for (const name of scripts.toSorted()) {
  const n = size.get(name);
  all += n;
  if (first.has(name)) total += n;
  console.log(
    `${(n / 1024).toFixed(1).padStart(8)} kB gz  ${name}${first.has(name) ? "  (first view)" : ""}`,
  );
}
console.log(
  `${(total / 1024).toFixed(1).padStart(8)} kB gz  script of the first view (limit ${limit / 1024}), ${(all / 1024).toFixed(1)} in all`,
);
if (total > limit) process.exit(1);
