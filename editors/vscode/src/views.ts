// The views beside a program: `smpcc` writes them, a panel shows them, and saving the program shows them anew.

import { execFile } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import * as vscode from "vscode";
import { isPage, type Settings, textPage, titles, type View, viewArguments } from "./verbs";

interface Shown {
  panel: vscode.WebviewPanel;
  file: string;
  /** How often it was asked for: an answer to an earlier question is not shown. */
  asked: number;
}

/** One panel for each kind of view. */
export class Views implements vscode.Disposable {
  private readonly shown = new Map<View, Shown>();

  /** Pages are written into `folder`, which is the extension's own. */
  constructor(
    private readonly folder: string,
    private readonly settings: () => Settings,
  ) {}

  /** Shows a view of a program, beside it. */
  async show(view: View, file: string): Promise<void> {
    let shown = this.shown.get(view);
    if (shown === undefined) {
      const panel = vscode.window.createWebviewPanel(
        `smpcc.${view}`,
        titles[view],
        { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
        // The page of a graph moves and folds; texts need no scripts.
        { enableScripts: view === "graph", retainContextWhenHidden: true },
      );
      panel.onDidDispose(() => this.shown.delete(view));
      shown = { panel, file, asked: 0 };
      this.shown.set(view, shown);
    }
    shown.file = file;
    shown.panel.title = `${titles[view]}: ${path.basename(file)}`;
    shown.panel.reveal(undefined, true);
    await this.refresh(view, shown);
  }

  /** Shows anew what is shown of a file. */
  async saved(file: string): Promise<void> {
    const stale = [...this.shown].filter(([, shown]) => shown.file === file);
    await Promise.all(stale.map(([view, shown]) => this.refresh(view, shown)));
  }

  dispose(): void {
    for (const { panel } of [...this.shown.values()]) panel.dispose();
  }

  private async refresh(view: View, shown: Shown): Promise<void> {
    const asked = ++shown.asked;
    await fs.promises.mkdir(this.folder, { recursive: true });
    const page = path.join(this.folder, `${view}.html`);
    const settings = this.settings();
    const { failed, text } = await output(settings.path, viewArguments(view, shown.file, page, settings), path.dirname(shown.file));
    if (asked !== shown.asked || this.shown.get(view) !== shown) return;
    shown.panel.webview.html =
      failed || !isPage(view) ? textPage(titles[view], text) : await fs.promises.readFile(page, "utf8");
  }
}

/** What a command prints: its product, or what it says is wrong. */
function output(command: string, args: string[], cwd: string): Promise<{ failed: boolean; text: string }> {
  return new Promise((resolve) => {
    execFile(command, args, { cwd, maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
      if (error === null) resolve({ failed: false, text: stdout });
      else resolve({ failed: true, text: stderr.trim() === "" ? `${command}: ${error.message}` : stderr });
    });
  });
}
