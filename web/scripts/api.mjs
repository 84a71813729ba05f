// Writes src/api/schema.d.ts from the server's OpenAPI description, or with
// --check fails when the committed file is not what it would write.
import { readFile, writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";

const source = new URL("../../api/openapi.json", import.meta.url);
const target = new URL("../src/api/schema.d.ts", import.meta.url);
const head = "// Made by `npm run api` from api/openapi.json; do not edit.\n\n";
const made = head + astToString(await openapiTS(JSON.parse(await readFile(source, "utf8"))));
if (process.argv.includes("--check")) {
  const committed = await readFile(target, "utf8").catch(() => "");
  if (committed !== made) {
    console.error("src/api/schema.d.ts is not current: run `npm run api` and commit it");
    process.exit(1);
  }
} else {
  await writeFile(target, made);
}
