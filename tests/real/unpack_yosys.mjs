// The npm package of Yosys holds most of the files that Yosys wants to see in /share as strings of
// one JavaScript module. Writes them out: unpack_yosys.mjs RESOURCES.js FOLDER
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

function write(tree, folder) {
  fs.mkdirSync(folder, { recursive: true });
  for (const [name, entry] of Object.entries(tree)) {
    const to = path.join(folder, name);
    if (entry instanceof URL) fs.copyFileSync(entry, to);
    else if (typeof entry === "string" || entry instanceof Uint8Array) fs.writeFileSync(to, entry);
    else write(entry, to);
  }
}

const [resources, folder] = process.argv.slice(2);
const { filesystem } = await import(pathToFileURL(path.resolve(resources)));
write(filesystem, folder);
