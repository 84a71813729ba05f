// Writes src/api/schema.d.ts, the client's types, from the server's published
// description. A file that is current is left alone, so that nothing is built again.
import { readFile, writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";

const source = new URL("../../docs/openapi.json", import.meta.url);
const target = new URL("../src/api/schema.d.ts", import.meta.url);
const head = "// Made by `npm run api` from docs/openapi.json; do not edit.\n\n";
const made = head + astToString(await openapiTS(JSON.parse(await readFile(source, "utf8"))));
const present = await readFile(target, "utf8").catch(() => "");
if (present !== made) await writeFile(target, made);
