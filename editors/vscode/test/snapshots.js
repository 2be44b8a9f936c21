// Writes the snapshot of every program anew and removes those whose program is gone.
"use strict";

const fs = require("fs");
const path = require("path");
const { programs, renderSnap, snapshots, tokenise } = require("./corpus.js");

(async () => {
  fs.rmSync(snapshots, { recursive: true, force: true });
  for (const { file, snapshot } of programs()) {
    const { lines } = await tokenise(fs.readFileSync(file, "utf8"));
    fs.mkdirSync(path.dirname(snapshot), { recursive: true });
    fs.writeFileSync(snapshot, renderSnap(lines) + "\n");
  }
})();
