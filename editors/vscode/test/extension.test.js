// The extension in a stand-in for the editor, with the real `smpcc`: what each command does, and what the manifest says of it.
"use strict";

const assert = require("node:assert/strict");
const fs = require("fs");
const path = require("path");
const test = require("node:test");
const { extension, manifest } = require("./corpus.js");
const { editor, smpcc } = require("./editor.js");

const MEAN = `//! Mean.
use std::stats::mean;

fn main(salary: secret u32 from each) -> u32 {
    mean(salary)
}
`;
const INPUTS = JSON.stringify({ 0: { salary: 3000 }, 1: { salary: 4000 }, 2: { salary: 5000 } });

/** An editor that looks at a program, with the extension in it. */
async function started(settings) {
  const at = editor({ "mean.smpc": MEAN, "mean.inputs.json": INPUTS, "notes.txt": "" }, settings);
  await at.extension.activate(at.context);
  at.look("mean.smpc");
  return at;
}

test("a client of `smpcc lsp` is started, told the options, and started anew with new ones", async (t) => {
  const at = await started({ options: ["--parties", "5"], snippets: false });
  t.after(at.close);
  const [first] = at.asked.clients;
  assert.deepEqual(first.server, { command: smpcc, args: ["lsp"] });
  assert.deepEqual(first.options.initializationOptions, { options: ["--parties", "5"], snippets: false });
  assert.deepEqual(first.options.documentSelector, [{ language: "smpc" }]);
  await at.set({ options: ["--parties", "3"], snippets: false });
  const [, second] = at.asked.clients;
  assert.ok(!first.running && second.running);
  assert.deepEqual(second.options.initializationOptions, { options: ["--parties", "3"], snippets: false });
  await at.command("smpcc.restart");
  assert.equal(at.asked.clients.length, 3);
  await at.extension.deactivate();
  assert.ok(at.asked.clients.every((client) => !client.running));
});

test("a binary that is not there is said, and the commands stay", async (t) => {
  const at = await started({ path: "/nowhere" });
  t.after(at.close);
  assert.match(at.asked.messages[0], /Cannot start `\/nowhere lsp`/);
  await at.command("smpcc.stats");
  assert.match(at.asked.panels[0].webview.html, /nowhere/);
});

test("a program is saved and run as a task, with the options", async (t) => {
  const at = await started({ options: ["--parties", "3"], snippets: false });
  t.after(at.close);
  at.look("mean.smpc", true);
  await at.command("smpcc.run");
  const [{ execution, matchers }] = at.asked.tasks;
  assert.deepEqual(at.asked.saved, [at.at("mean.smpc")]);
  assert.equal(execution.command, smpcc);
  assert.deepEqual(execution.args, ["run", at.at("mean.smpc"), "--parties", "3"]);
  assert.equal(matchers, "$smpcc");
});

test("views show what smpcc says, beside the program, and again when it is saved", async (t) => {
  const at = await started();
  t.after(at.close);
  await at.command("smpcc.stats", at.uri("mean.smpc"));
  await at.command("smpcc.reveals");
  await at.command("smpcc.audit");
  await at.command("smpcc.graph");
  const [stats, reveals, audit, graph] = at.asked.panels;
  assert.match(stats.webview.html, /mean: rep3 among 3 parties/);
  assert.match(reveals.webview.html, /everyone|all/);
  assert.match(audit.webview.html, /<html[^]*salary[^]*<\/html>/);
  assert.match(graph.webview.html, /id="picture"[^]*party 0/);
  assert.equal(stats.title, "What it costs: mean.smpc");
  assert.deepEqual([stats, reveals, audit, graph].map((panel) => panel.options.enableScripts), [false, false, false, true]);

  fs.writeFileSync(at.at("mean.smpc"), MEAN.replace("mean(salary)", "mean(salry) < 1"));
  await at.save("mean.smpc");
  assert.match(stats.webview.html, /E\d{4}[^]*&lt; 1/, "what is wrong is shown in place of figures, as text");
  assert.equal(at.asked.panels.length, 4);

  fs.writeFileSync(at.at("mean.smpc"), MEAN);
  stats.dispose();
  await at.command("smpcc.stats");
  assert.equal(at.asked.panels.length, 5);
  assert.match(at.asked.panels[4].webview.html, /rep3/);
});

test("without a program there is nothing to do", async (t) => {
  const at = await started();
  t.after(at.close);
  at.look("notes.txt");
  for (const name of ["run", "stats", "reveals", "graph", "audit"]) await at.command(`smpcc.${name}`);
  assert.equal(at.asked.messages.length, 5);
  assert.deepEqual([at.asked.tasks, at.asked.panels], [[], []]);
});

test("every command and setting of the manifest is in the source, and the reverse", () => {
  const source = fs
    .readdirSync(path.join(extension, "src"))
    .map((file) => fs.readFileSync(path.join(extension, "src", file), "utf8"))
    .join("\n");
  const { commands, configuration, menus, walkthroughs } = manifest.contributes;
  const declared = commands.map(({ command }) => command).sort();
  const handled = [...source.matchAll(/^\s+"(smpcc\.\w+)": /gm)].map(([, name]) => name).sort();
  assert.deepEqual(handled, declared);
  const settings = Object.keys(configuration.properties).sort();
  const read = [...source.matchAll(/all\.get\("(\w+)"/g)].map(([, name]) => `smpcc.${name}`).sort();
  assert.deepEqual(read, settings);
  for (const { command } of Object.values(menus).flat()) assert.ok(declared.includes(command), command);
  const steps = walkthroughs.flatMap((walkthrough) => walkthrough.steps);
  for (const { media, description } of steps) {
    assert.ok(fs.existsSync(path.join(extension, media.markdown)), media.markdown);
    const [, command] = /\(command:([\w.]+)/.exec(description) ?? [];
    assert.ok(declared.includes(command) || command === "workbench.action.openSettings", command);
  }
  assert.ok(fs.existsSync(path.join(extension, manifest.icon)));
});
