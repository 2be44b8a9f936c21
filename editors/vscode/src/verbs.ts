// What the commands run: command lines of `smpcc`, as plain data and without an editor.

/** What the settings say. */
export interface Settings {
  /** The binary: a path, or a name that is looked up in PATH. */
  path: string;
  /** Options of every command on a program, as on the command line: `["--parties", "3", "--network", "wan"]`. */
  options: string[];
}

/** The views that stand beside a program. */
export type View = "stats" | "reveals" | "graph" | "audit";

/** What a view is called. */
export const titles: Record<View, string> = {
  stats: "What it costs",
  reveals: "Who learns what",
  graph: "Graph",
  audit: "Audit",
};

/** The arguments that run a program with the inputs beside it. */
export function runArguments(file: string, { options }: Settings): string[] {
  return ["run", file, ...options];
}

/** The arguments that write a view: as text to stdout, or as a page to `page`. */
export function viewArguments(view: View, file: string, page: string, { options }: Settings): string[] {
  switch (view) {
    case "stats":
    case "reveals":
      return ["--color", "never", view, file, ...options];
    case "graph":
    case "audit":
      return ["--color", "never", view, file, ...options, "-o", page, "--force"];
  }
}

/** Whether a view is a page of its own; else it is text. */
export function isPage(view: View): boolean {
  return view === "graph" || view === "audit";
}

/** A page around text, in the editor's colours. Nothing in the text is taken for markup. */
export function textPage(title: string, text: string): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(title)}</title>
<style>
body { padding: 0 1rem; }
pre { font-family: var(--vscode-editor-font-family, monospace); font-size: var(--vscode-editor-font-size, 13px); line-height: 1.5; white-space: pre-wrap; overflow-wrap: anywhere; }
</style>
</head>
<body><pre>${escaped(text)}</pre></body>
</html>
`;
}

function escaped(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
}

/** Why a name cannot be that of a new program, or nothing if it can. */
export function refusedName(name: string): string | undefined {
  return /^[a-z][a-z0-9_-]*$/.test(name)
    ? undefined
    : "A name begins with a small letter; small letters, digits, - and _ follow.";
}
