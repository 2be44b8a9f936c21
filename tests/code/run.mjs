// Visual Studio Code itself, as code-server has it, with the packaged extension, in headless Chromium: what is secret is coloured, a mistake is
// underlined and mended by what is offered, names are explained and renamed, costs stand above functions, and a run shows its results.
//
//     node run.mjs URL_OF_THE_WORKBENCH FOLDER OUT    (see ../code.sh)
import { createRequire } from "node:module";
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";

// Installed for the pages.
const { chromium } = createRequire(path.resolve("tests/screens/package.json"))("playwright-core");
const [url, folder, out] = process.argv.slice(2);
mkdirSync(out, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const page = await (await browser.newContext({ viewport: { width: 1400, height: 900 } })).newPage();
const wrong = [];
const PATIENCE = 60000;

async function waits(what, condition, argument) {
  const held = await page.waitForFunction(condition, argument, { timeout: PATIENCE }).then(() => true, () => false);
  console.log(`${held ? "holds" : "DOES NOT HOLD"}: ${what}`);
  if (!held) wrong.push(what);
}

const shot = (name) => page.screenshot({ path: path.join(out, `code-${name}.png`) });
const command = async (name) => {
  await page.keyboard.press("F1");
  await page.waitForSelector(".quick-input-widget input", { timeout: PATIENCE });
  await page.keyboard.type(name, { delay: 15 });
  await page.waitForTimeout(600);
  await page.keyboard.press("Enter");
};
const goTo = async (line, column) => {
  await page.keyboard.press("Control+g");
  await page.waitForSelector(".quick-input-widget input", { timeout: PATIENCE });
  await page.keyboard.type(`${line}:${column}`);
  await page.keyboard.press("Enter");
  await page.waitForTimeout(300);
};
const save = () => page.keyboard.press("Control+s");
const text = () => readFileSync(path.join(folder, "main.smpc"), "utf8");
const written = async (what, piece) => {
  for (let i = 0; i < 100 && !text().includes(piece); i++) await page.waitForTimeout(100);
  const held = text().includes(piece);
  console.log(`${held ? "holds" : "DOES NOT HOLD"}: ${what}`);
  if (!held) wrong.push(`${what}: ${text()}`);
};

await page.goto(url);
await page.waitForSelector(".monaco-workbench", { timeout: PATIENCE });
await page.locator(".explorer-folders-view .monaco-list-row", { hasText: "main.smpc" }).first().dblclick({ timeout: PATIENCE });
await page.waitForSelector(".monaco-editor .view-line", { timeout: PATIENCE }).catch(() => {});
await shot("opened");

await waits("a mistake is underlined", () => document.querySelector(".squiggly-error"));
// Both are names of variables: the colour tells the secret one.
const SECRET = { light: "rgb(154, 59, 0)", dark: "rgb(255, 177, 130)" };
const coloured = ([line, word, colour]) => {
  const rows = [...document.querySelectorAll(".monaco-editor .view-line")].sort((a, b) => a.offsetTop - b.offsetTop);
  const spans = [...(rows[line - 1]?.querySelectorAll("span span") ?? [])].filter((e) => e.textContent.trim() === word);
  return spans.length > 0 && spans.every((e) => (getComputedStyle(e).color === colour[0]) === colour[1]);
};
await waits("a secret has its colour", coloured, [3, "first", [SECRET.light, true]]);
await waits("what is public has another one", coloured, [2, "n", [SECRET.light, false]]);
await shot("mistake");
await goTo(4, 10);
await page.keyboard.press("Control+.");
await page.waitForSelector(".action-widget", { timeout: PATIENCE }).catch(() => {});
await shot("fixes");
await page.keyboard.press("Enter");
await waits("a fix mends it", () => !document.querySelector(".squiggly-error"));
await save();
await written("the fix makes the variable secret", "let mut n: secret u32 = 0");
await waits("costs stand above functions", () => [...document.querySelectorAll(".codelens-decoration")].some((e) => / rounds? /.test(e.textContent)));
await goTo(3, 9);
await command("Show or Focus Hover");
await waits("a name is explained", () => [...document.querySelectorAll(".monaco-hover")].some((e) => e.textContent.includes("secret u32")));
await shot("hover");
await page.keyboard.press("Escape");
await goTo(3, 9);
await page.keyboard.press("F2");
await page.waitForSelector(".rename-box input", { timeout: PATIENCE });
await page.fill(".rename-box input", "pay");
await page.press(".rename-box input", "Enter");
await page.waitForTimeout(1500);
await save();
await written("a name is renamed", "if pay > 5000");
// What is offered comes with its `use`.
await goTo(4, 1);
await page.keyboard.press("End");
await page.keyboard.press("Enter");
await page.keyboard.type("let m = medi", { delay: 60 });
await page.waitForSelector(".suggest-widget.visible .monaco-list-row", { timeout: PATIENCE }).catch(() => {});
await waits("a function is offered", () => [...document.querySelectorAll(".suggest-widget .monaco-list-row")].some((e) => e.textContent.includes("median")));
await shot("offer");
await page.keyboard.press("Enter");
await page.keyboard.type("(salary);", { delay: 60 });
await page.waitForTimeout(500);
await save();
await written("it comes with its `use`", "use std::stats::median;");
await written("it is written", "let m = median(salary);");
await command("smpcc: Run with Sample Inputs");
await shot("ran");
const says = (piece) => document.body.textContent.replaceAll("\u00a0", " ").includes(piece);
await waits("a run shows its results", says, "party 2 learns 1");
await shot("run");
await command("smpcc: Show Who Learns What");
const panel = page.frameLocator("iframe.webview.ready").frameLocator("#active-frame").locator("body");
const shown = await panel.getByText("depends on").first().waitFor({ timeout: PATIENCE }).then(() => true, () => false);
console.log(`${shown ? "holds" : "DOES NOT HOLD"}: who learns what stands beside the program`);
if (!shown) wrong.push("no panel");
await shot("reveals");
await command("Preferences: Toggle between Light/Dark Themes");
await waits("a secret has its colour in the dark", coloured, [5, "pay", [SECRET.dark, true]]);
await shot("dark");
await browser.close();
for (const what of wrong) console.error(what);
process.exit(wrong.length ? 1 : 0);
