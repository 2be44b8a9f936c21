// The programs that the grammar is tried on, and their scopes.
//
// Both the tests and the writer of snapshots read programs through this file, so that they cannot disagree on which
// programs there are or on what a snapshot is called.
"use strict";

const fs = require("fs");
const path = require("path");
const { createRegistry } = require("vscode-tmgrammar-test/dist/common/index.js");
const { renderSnap } = require("vscode-tmgrammar-test/dist/snapshot/index.js");

const extension = path.resolve(__dirname, "..");
const repository = path.resolve(extension, "../..");
const snapshots = path.join(__dirname, "snapshots");

/** The folders whose programs have snapshots; the last two belong to the repository and may be empty. */
const folders = {
  programs: path.join(__dirname, "programs"),
  examples: path.join(repository, "examples"),
  stdlib: path.join(repository, "stdlib"),
};

/** Every program: `{ name, file, snapshot }`, where `name` is `folder/file`. */
function programs() {
  return Object.entries(folders).flatMap(([folder, at]) =>
    under(at, ".smpc").map((file) => ({
      name: `${folder}/${file}`,
      file: path.join(at, file),
      snapshot: path.join(snapshots, folder, `${file}.snap`),
    })),
  );
}

/** The programs inside the repository's documentation: the blocks that are fenced as `smpc`. */
function fences() {
  // The pages of lexical errors show what no token begins with, on purpose.
  const pages = under(path.join(repository, "docs"), ".md").filter((file) => !file.startsWith("errors/E10"));
  return pages.flatMap((file) => {
    const text = fs.readFileSync(path.join(repository, "docs", file), "utf8");
    const blocks = [...text.matchAll(/^```smpc[^\n]*\n([\s\S]*?)^```$/gm)].map((block, i) => ({
      name: `docs/${file}#${i + 1}`,
      text: block[1],
    }));
    // What the book includes from files is looked at there.
    return blocks.filter(({ text }) => !text.startsWith("{{#include"));
  });
}

/** The files below a folder that end so, sorted, relative to it. */
function under(folder, ending) {
  if (!fs.existsSync(folder)) return [];
  return fs
    .readdirSync(folder, { recursive: true })
    .map(String)
    .filter((file) => file.endsWith(ending))
    .sort();
}

const manifest = JSON.parse(fs.readFileSync(path.join(extension, "package.json"), "utf8"));
const [contributed] = manifest.contributes.grammars;
const registry = createRegistry([{ scopeName: contributed.scopeName, path: path.join(extension, contributed.path) }]);

/** The lines of a text with the scopes of their tokens, and the depth of the rules still open at its end. */
async function tokenise(text) {
  const grammar = await registry.loadGrammar(contributed.scopeName);
  let stack = null;
  const lines = text.split(/\r\n|\n/).map((src) => {
    const { tokens, ruleStack } = grammar.tokenizeLine(src, stack);
    stack = ruleStack;
    return { src, tokens };
  });
  return { lines, depth: stack.depth };
}

module.exports = { extension, repository, snapshots, manifest, programs, fences, under, tokenise, renderSnap };
