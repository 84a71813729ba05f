// Empties dist but for .keep, which lets the program build without the pages.
import { readdir, rm } from "node:fs/promises";

const dist = new URL("../dist/", import.meta.url);
for (const name of await readdir(dist).catch(() => [])) {
  if (name !== ".keep") await rm(new URL(name, dist), { recursive: true });
}
