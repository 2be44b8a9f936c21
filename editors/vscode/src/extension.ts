// The extension: a client of `smpcc lsp`, and commands that run `smpcc`. All that is known of the language is in that binary.

import { execFile } from "node:child_process";
import * as path from "node:path";
import * as vscode from "vscode";
import { LanguageClient } from "vscode-languageclient/node";
import { refusedName, runArguments, type Settings, type View } from "./verbs";
import { Views } from "./views";

let client: LanguageClient | undefined;

function settings(): Settings {
  const all = vscode.workspace.getConfiguration("smpcc");
  return { path: all.get("path", "smpcc"), options: all.get("options", []) };
}

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const views = new Views(context.globalStorageUri.fsPath, settings);
  const show = (view: View) => (uri?: string) => onProgram(uri, (file) => views.show(view, file));
  const commands: Record<string, (uri?: string) => unknown> = {
    "smpcc.run": (uri) => onProgram(uri, run),
    "smpcc.stats": show("stats"),
    "smpcc.reveals": show("reveals"),
    "smpcc.graph": show("graph"),
    "smpcc.audit": show("audit"),
    "smpcc.new": newProgram,
    "smpcc.restart": restart,
  };
  context.subscriptions.push(
    views,
    ...Object.entries(commands).map(([name, does]) => vscode.commands.registerCommand(name, does)),
    vscode.workspace.onDidSaveTextDocument((document) => views.saved(document.uri.fsPath)),
    vscode.workspace.onDidChangeConfiguration(async (change) => {
      if (change.affectsConfiguration("smpcc")) await restart();
    }),
  );
  await start();
}

export async function deactivate(): Promise<void> {
  await client?.stop();
}

async function start(): Promise<void> {
  const { path: command, options } = settings();
  // The editor has the snippets from the manifest.
  client = new LanguageClient(
    "smpcc",
    "smpcc",
    { command, args: ["lsp"] },
    { documentSelector: [{ language: "smpc" }], initializationOptions: { options, snippets: false } },
  );
  try {
    await client.start();
  } catch (error) {
    client = undefined;
    const open = "Open the setting";
    const said = error instanceof Error ? error.message : String(error);
    const answer = await vscode.window.showErrorMessage(`Cannot start \`${command} lsp\`: ${said}`, open);
    if (answer === open) await vscode.commands.executeCommand("workbench.action.openSettings", "smpcc.path");
  }
}

async function restart(): Promise<void> {
  await client?.stop();
  await start();
}

/** Does something with the program that a lens names or that is looked at, as it is in the editor. */
async function onProgram(uri: string | undefined, does: (file: string) => unknown): Promise<void> {
  // A menu gives an object where a lens gives text.
  const asked = uri === undefined ? undefined : vscode.Uri.parse(uri.toString());
  const active = vscode.window.activeTextEditor?.document;
  const document = asked === undefined ? active : await vscode.workspace.openTextDocument(asked);
  if (document?.languageId !== "smpc") {
    await vscode.window.showInformationMessage("Open a .smpc program first.");
    return;
  }
  if (document.isDirty) await document.save();
  await does(document.uri.fsPath);
}

async function run(file: string): Promise<void> {
  const now = settings();
  const execution = new vscode.ProcessExecution(now.path, runArguments(file, now), { cwd: path.dirname(file) });
  const name = `run ${path.basename(file)}`;
  await vscode.tasks.executeTask(
    new vscode.Task({ type: "process" }, vscode.TaskScope.Workspace, name, "smpcc", execution, "$smpcc"),
  );
}

async function newProgram(): Promise<void> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
  if (folder === undefined) {
    await vscode.window.showInformationMessage("Open the folder first in which the program is to be.");
    return;
  }
  const name = await vscode.window.showInputBox({ prompt: "What is the new program called?", validateInput: refusedName });
  if (name === undefined) return;
  execFile(settings().path, ["new", name], { cwd: folder }, async (error, _, stderr) => {
    if (error !== null) await vscode.window.showErrorMessage(stderr.trim() || error.message);
    else await vscode.window.showTextDocument(vscode.Uri.file(path.join(folder, name, "main.smpc")));
  });
}
