// Fails when the first view's script grows beyond its allowance.
import { readdir, readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";

const limit = 350 * 1024;
const dir = new URL("../dist/assets/", import.meta.url);
const index = await readFile(new URL("../dist/index.html", import.meta.url), "utf8");
let total = 0;
for (const name of await readdir(dir)) {
  if (!index.includes(name) && !name.endsWith(".js")) continue;
  const size = gzipSync(await readFile(new URL(name, dir)), { level: 9 }).length;
  console.log(`${(size / 1024).toFixed(1).padStart(8)} kB gz  ${name}`);
  if (name.endsWith(".js")) total += size;
}
console.log(`${(total / 1024).toFixed(1).padStart(8)} kB gz  script in all (limit ${limit / 1024})`);
if (total > limit) process.exit(1);
