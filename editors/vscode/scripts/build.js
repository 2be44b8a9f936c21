// Bundles the extension into one file, with the licences of what is bundled beside it.
//
//     node scripts/build.js     writes dist/extension.js and dist/NOTICES.txt
"use strict";

const esbuild = require("esbuild");
const fs = require("fs");
const path = require("path");

const root = path.resolve(__dirname, "..");

/** The folders of the packages that these files belong to, in order. */
function packages(files) {
  const folders = files.map((file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1]);
  return [...new Set(folders.filter((folder) => folder !== undefined))].sort();
}

/** The name, version and licence of a package; a package without the text of its licence is not bundled. */
function notice(folder) {
  const { name, version } = JSON.parse(fs.readFileSync(path.join(root, folder, "package.json"), "utf8"));
  const file = fs.readdirSync(path.join(root, folder)).find((entry) => /^licen[cs]e/i.test(entry));
  if (file === undefined) throw new Error(`${name} comes without a licence`);
  return `${name} ${version}\n\n${fs.readFileSync(path.join(root, folder, file), "utf8").trim()}\n`;
}

const { metafile } = esbuild.buildSync({
  absWorkingDir: root,
  entryPoints: ["src/extension.ts"],
  outfile: "dist/extension.js",
  bundle: true,
  minify: true,
  platform: "node",
  target: "node18",
  external: ["vscode"],
  metafile: true,
  logLevel: "warning",
});
const notices = packages(Object.keys(metafile.inputs)).map(notice);
fs.writeFileSync(path.join(root, "dist/NOTICES.txt"), notices.join(`\n${"-".repeat(78)}\n\n`));
