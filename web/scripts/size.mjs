// Fails when the script of the first view grows beyond its allowance: what the
// entry and the operators' desk load before they run. Other desks load later.
// The list of what belongs together is for this check and not for serving.
import { readFile, rm } from "node:fs/promises";
import { gzipSync } from "node:zlib";

const limit = 350 * 1024;
const dist = new URL("../dist/", import.meta.url);
const manifest = JSON.parse(await readFile(new URL(".vite/manifest.json", dist), "utf8"));
await rm(new URL(".vite/", dist), { recursive: true });

const first = new Set();
const queue = ["index.html", "src/live/desk.tsx"];
for (let name = queue.pop(); name; name = queue.pop()) {
  if (first.has(name)) continue;
  first.add(name);
  queue.push(...(manifest[name].imports ?? []));
}
let total = 0;
let all = 0;
for (const [name, chunk] of Object.entries(manifest)) {
  if (!chunk.file.endsWith(".js")) continue;
  const size = gzipSync(await readFile(new URL(chunk.file, dist)), { level: 9 }).length;
  all += size;
  if (!first.has(name)) continue;
  total += size;
  console.log(`${(size / 1024).toFixed(1).padStart(8)} kB gz  ${chunk.file}`);
}
console.log(
  `${(total / 1024).toFixed(1).padStart(8)} kB gz  script of the first view (limit ${limit / 1024}), ${(all / 1024).toFixed(1)} in all`,
);
if (total > limit) process.exit(1);
