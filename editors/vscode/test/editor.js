// A stand-in for the editor: the part of the `vscode` module that the extension uses, which writes down what it is asked for.
//
// The extension is the real one, bundled as it is published but for the two modules that are stood in for; `smpcc` is the real binary.
"use strict";

const { buildSync } = require("esbuild");
const fs = require("fs");
const Module = require("module");
const os = require("os");
const path = require("path");
const { extension, repository } = require("./corpus.js");

/** The binary under test: `SMPCC`, or what `cargo build --release` leaves. */
const smpcc = process.env.SMPCC ?? path.join(repository, "target/release/smpcc");

class Uri {
  constructor(fsPath) {
    this.fsPath = fsPath;
  }
  static file = (fsPath) => new Uri(fsPath);
  static parse = (text) => new Uri(decodeURIComponent(text.replace(/^file:\/\//, "")));
  toString() {
    return `file://${this.fsPath}`;
  }
}

/** An editor with a folder of its own, in which `files` are. */
function editor(files, settings = {}) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "smpcc-editor-"));
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(folder, name), text);
  const values = { path: smpcc, options: [], ...settings };
  const asked = { clients: [], tasks: [], panels: [], messages: [], opened: [], saved: [], commands: new Map() };
  let onSave = () => {};
  let onSettings = () => {};
  const document = (uri, isDirty = false) => ({
    uri,
    languageId: uri.fsPath.endsWith(".smpc") ? "smpc" : "plaintext",
    isDirty,
    save: async () => asked.saved.push(uri.fsPath),
  });
  const disposable = { dispose() {} };
  const say = async (message) => void asked.messages.push(message);
  const vscode = {
    Uri,
    ViewColumn: { Beside: -2 },
    TaskScope: { Workspace: 2 },
    ProcessExecution: class {
      constructor(command, args, options) {
        Object.assign(this, { command, args, options });
      }
    },
    Task: class {
      constructor(definition, scope, name, source, execution, matchers) {
        Object.assign(this, { definition, scope, name, source, execution, matchers });
      }
    },
    commands: {
      registerCommand(name, does) {
        asked.commands.set(name, does);
        return disposable;
      },
      executeCommand: async (...command) => void asked.opened.push(command),
    },
    tasks: { executeTask: async (task) => void asked.tasks.push(task) },
    window: {
      activeTextEditor: undefined,
      showErrorMessage: say,
      showInformationMessage: say,
      showInputBox: async () => asked.answer,
      showTextDocument: async (uri) => void asked.opened.push(uri.fsPath),
      createWebviewPanel(type, title, place, options) {
        const panel = { type, title, options, webview: { html: "" }, reveal() {} };
        panel.onDidDispose = (gone) => (panel.dispose = gone);
        asked.panels.push(panel);
        return panel;
      },
    },
    workspace: {
      workspaceFolders: [{ uri: Uri.file(folder) }],
      getConfiguration: (section) => ({ get: (name, otherwise) => (section === "smpcc" ? (values[name] ?? otherwise) : otherwise) }),
      openTextDocument: async (uri) => document(uri),
      onDidSaveTextDocument: (does) => ((onSave = does), disposable),
      onDidChangeConfiguration: (does) => ((onSettings = does), disposable),
    },
  };
  class LanguageClient {
    constructor(id, name, server, options) {
      Object.assign(this, { id, name, server, options, running: false });
      asked.clients.push(this);
    }
    async start() {
      if (values.path === "/nowhere") throw new Error("no such file");
      this.running = true;
    }
    async stop() {
      this.running = false;
    }
  }
  const context = { subscriptions: [], globalStorageUri: Uri.file(path.join(folder, "storage")) };
  return {
    asked,
    folder,
    at: (name) => path.join(folder, name),
    uri: (name) => Uri.file(path.join(folder, name)).toString(),
    extension: load({ vscode, "vscode-languageclient/node": { LanguageClient } }),
    context,
    /** Looks at a file, in which something may have been written since it was saved. */
    look: (name, isDirty) => (vscode.window.activeTextEditor = { document: document(Uri.file(path.join(folder, name)), isDirty) }),
    command: (name, ...args) => asked.commands.get(name)(...args),
    save: (name) => onSave(document(Uri.file(path.join(folder, name)))),
    set(changed) {
      Object.assign(values, changed);
      return onSettings({ affectsConfiguration: (section) => section === "smpcc" });
    },
    close: () => fs.rmSync(folder, { recursive: true, force: true }),
  };
}

/** The extension with these modules in place of the editor's. */
function load(modules) {
  const { outputFiles } = buildSync({
    absWorkingDir: extension,
    entryPoints: ["src/extension.ts"],
    bundle: true,
    platform: "node",
    external: Object.keys(modules),
    write: false,
  });
  const loaded = new Module(path.join(extension, "dist/under-test.js"));
  loaded.require = (name) => modules[name] ?? require(name);
  loaded._compile(outputFiles[0].text, loaded.id);
  return loaded.exports;
}

module.exports = { editor, smpcc };
