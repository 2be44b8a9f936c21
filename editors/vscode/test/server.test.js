// `smpcc lsp` as an editor's own library for the protocol drives it: a session from the first message to the last.
"use strict";

const assert = require("node:assert/strict");
const { spawn } = require("child_process");
const fs = require("fs");
const path = require("path");
const test = require("node:test");
const protocol = require("vscode-languageserver-protocol/node");
const { editor, smpcc } = require("./editor.js");

const PROGRAM = `//! Highest salary.
use std::stats::mean;

fn main(salary: secret u32 from each) -> (u32, u32) {
    let mut best = salary[0];
    for s in salary {
        best = best.max(s);
    }
    (best, mean(salary))
}
`;
const INPUTS = JSON.stringify({ 0: { salary: 3000 }, 1: { salary: 4000 }, 2: { salary: 5000 } });

test("a session with a real client", async (t) => {
  const at = editor({ "top.smpc": PROGRAM, "top.inputs.json": INPUTS });
  t.after(at.close);
  const child = spawn(smpcc, ["lsp"], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.on("exit", resolve));
  const client = protocol.createProtocolConnection(
    new protocol.StreamMessageReader(child.stdout),
    new protocol.StreamMessageWriter(child.stdin),
  );
  const published = [];
  let heard = () => {};
  client.onNotification(protocol.PublishDiagnosticsNotification.type, (note) => {
    published.push(note);
    heard();
  });
  /** What is wrong with a version of the program. */
  const wrong = async (version) => {
    for (;;) {
      const note = published.find((one) => one.version === version);
      if (note !== undefined) return note.diagnostics;
      await new Promise((resolve) => (heard = resolve));
    }
  };
  client.listen();

  const { capabilities } = await client.sendRequest(protocol.InitializeRequest.type, {
    processId: process.pid,
    rootUri: at.uri("."),
    capabilities: { general: { positionEncodings: ["utf-16"] } },
    initializationOptions: { options: ["--parties", "3"] },
  });
  await client.sendNotification(protocol.InitializedNotification.type, {});
  const textDocument = { uri: at.uri("top.smpc") };
  await client.sendNotification(protocol.DidOpenTextDocumentNotification.type, {
    textDocument: { ...textDocument, languageId: "smpc", version: 1, text: PROGRAM },
  });
  assert.deepEqual(await wrong(1), []);

  const hover = await client.sendRequest(protocol.HoverRequest.type, { textDocument, position: { line: 6, character: 9 } });
  assert.match(hover.contents.value, /best: secret u32/);

  const { legend } = capabilities.semanticTokensProvider;
  const { data } = await client.sendRequest(protocol.SemanticTokensRequest.type, { textDocument });
  const secret = 1 << legend.tokenModifiers.indexOf("secret");
  assert.ok(data.some((modifiers, i) => i % 5 === 4 && modifiers & secret));

  const lenses = await client.sendRequest(protocol.CodeLensRequest.type, { textDocument });
  const shown = lenses.map((lens) => lens.command);
  assert.ok(shown.some(({ title }) => /rounds? · .*ms/.test(title)), JSON.stringify(shown));
  const { commands } = JSON.parse(fs.readFileSync(path.join(__dirname, "../package.json"), "utf8")).contributes;
  for (const { command, arguments: args } of shown) {
    assert.ok(commands.some((known) => known.command === command), command);
    assert.deepEqual(args, [textDocument.uri]);
  }

  await client.sendNotification(protocol.DidChangeTextDocumentNotification.type, {
    textDocument: { ...textDocument, version: 2 },
    contentChanges: [{ range: { start: { line: 8, character: 5 }, end: { line: 8, character: 9 } }, text: "bst" }],
  });
  const [mistake] = await wrong(2);
  assert.match(mistake.message, /bst/);
  const [fix] = await client.sendRequest(protocol.CodeActionRequest.type, {
    textDocument,
    range: mistake.range,
    context: { diagnostics: [mistake] },
  });
  assert.equal(fix.edit.changes[textDocument.uri][0].newText, "best");

  await client.sendRequest(protocol.ShutdownRequest.type);
  await client.sendNotification(protocol.ExitNotification.type);
  assert.equal(await ended, 0);
});
