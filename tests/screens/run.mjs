// Shows each page of smpcc in headless Chromium, light and dark, wide and as narrow as a phone, and checks what must hold on it: no error in the
// console, nothing cut off at the right, and that its parts do what they are for. Pictures are written for people to look at.
//
//     node run.mjs FOLDER_WITH_PAGES OUT    (see ../screens.sh)
import { chromium } from "playwright-core";
import { mkdirSync, existsSync, readdirSync } from "node:fs";
import { pathToFileURL } from "node:url";
import path from "node:path";

const [pages, out] = process.argv.slice(2);
mkdirSync(out, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const wrong = [];
const WIDE = { width: 1280, height: 860 };
const PHONE = { width: 390, height: 844 };

/** Opens a page; anything that it asks of a network, and any error, is wrong. */
async function open(file, { scheme, size }) {
  const context = await browser.newContext({ colorScheme: scheme, viewport: size, deviceScaleFactor: 1 });
  const page = await context.newPage();
  const name = path.basename(file);
  page.on("console", (m) => m.type() === "error" && wrong.push(`${name}: ${m.text()}`));
  page.on("pageerror", (e) => wrong.push(`${name}: ${e}`));
  page.on("request", (r) => /^https?:/.test(r.url()) && wrong.push(`${name} asks for ${r.url()}`));
  await page.goto(pathToFileURL(file).href);
  return { page, context };
}

async function shot(page, name) {
  await page.screenshot({ path: path.join(out, `${name}.png`) });
  const [inner, scroll] = await page.evaluate(() => [innerWidth, document.documentElement.scrollWidth]);
  if (scroll > inner + 1) wrong.push(`${name}: ${scroll - inner} pixels are cut off at the right`);
}

function expect(name, holds) {
  if (!holds) wrong.push(`${name} does not hold`);
}

async function everywhere(file, name, act) {
  for (const scheme of ["light", "dark"]) {
    for (const [kind, size] of [["wide", WIDE], ["phone", PHONE]]) {
      const { page, context } = await open(file, { scheme, size });
      const label = `${name}-${scheme}-${kind}`;
      await act?.(page, label);
      await shot(page, label);
      await context.close();
    }
  }
}

// --- What commands write.
for (const [file, text] of [["graph.html", "garbled"], ["trace.html", "party"], ["audit.html", "Who learns what"]]) {
  await everywhere(path.join(pages, file), file.replace(".html", ""), async (page, label) => {
    await page.waitForTimeout(200);
    expect(`${label} says "${text}"`, (await page.textContent("body")).includes(text));
  });
}

// --- The playground.
const playground = path.join(pages, "playground.html");
if (existsSync(playground)) {
  const answered = (page, text, timeout = 60000) =>
    page.waitForFunction((t) => document.getElementById("result").textContent.includes(t), text, { timeout }).then(() => true, () => false);
  await everywhere(playground, "playground", async (page, label) => {
    await page.waitForFunction(() => document.querySelector("#paint .owned"), null, { timeout: 60000 }).catch(() => {});
    expect(`${label}: owned names are coloured`, (await page.locator("#paint .owned").count()) > 0);
    await page.click("[data-does=run]");
    expect(`${label}: a run`, await answered(page, "party 2: 5300"));
  });
  const { page, context } = await open(playground, { scheme: "light", size: WIDE });
  await page.waitForFunction(() => document.querySelector("#paint .owned"), null, { timeout: 60000 }).catch(() => {});
  // A mistake is underlined, listed and explained; hovering says what a name is.
  await page.fill("#text", "fn main(salary: secret u32 from each) -> u32 {\n    let mut n = 0u32;\n    if salary[0] > 5000 {\n        n = 1;\n    }\n    n\n}\n");
  await page.waitForSelector("#problems li", { timeout: 30000 });
  expect("a mistake is underlined", (await page.locator("#paint .error").count()) > 0);
  const box = await page.locator("#paint .owned").first().boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.waitForFunction(() => document.getElementById("tip").style.display === "block", null, { timeout: 10000 }).catch(() => {});
  expect("a hover", (await page.textContent("#tip")).includes("salary"));
  await shot(page, "playground-mistake");
  await page.click("#problems button");
  expect("an explanation", await answered(page, "E3004"));
  // What may be written is offered, and comes with its `use`.
  await page.fill("#text", "fn main(salary: [secret u32; _] from each) -> u32 {\n    let all = salary.flatten();\n    \n}\n");
  await page.evaluate(() => { const t = document.getElementById("text"); const at = t.value.indexOf("\n}") ; t.focus(); t.setSelectionRange(at, at); });
  await page.keyboard.type("let q = quarti");
  await page.waitForSelector("#offer li", { state: "visible", timeout: 30000 }).catch(() => {});
  expect("an offer", (await page.textContent("#offer")).includes("quartiles"));
  await shot(page, "playground-offer");
  // Several modules have one of this name.
  const chosen = () => document.querySelector("#offer .chosen")?.textContent.includes("std::stats");
  for (let i = 0; i < 5 && !(await page.evaluate(chosen)); i++) await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  const written = await page.inputValue("#text");
  expect("an offer that was taken", written.startsWith("use std::stats::quartiles;\n") && written.includes("    let q = quartiles\n"));
  await page.keyboard.type("(all);\n    ");
  // As soon as the compiler has read what the variable is.
  await page.waitForTimeout(1500);
  await page.keyboard.type("q.");
  const offered = (name) => document.getElementById("offer").style.display === "block" && [...document.querySelectorAll("#offer b")].some((e) => e.textContent === name);
  expect("fields are offered", await page.waitForFunction(offered, "median", { timeout: 30000 }).then(() => true, () => false));
  await page.keyboard.type("median");
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => !document.querySelector("#problems li"), null, { timeout: 30000 }).catch(() => {});
  expect("what was offered is right", (await page.locator("#problems li").count()) === 0);
  // A module of the program, what is wrong in it, and its costs.
  await page.fill("#text", "use crate::rules::rich;\n\nfn main(salary: secret u32 from each) -> u32 {\n    rich(salary)\n}\n");
  await page.click("#files .more");
  await page.fill("#files input", "Rules");
  await page.keyboard.press("Enter");
  expect("a module's name is a name", (await page.locator("#files .tab").count()) === 1);
  await page.fill("#files input", "rules");
  await page.keyboard.press("Enter");
  expect("a module", (await page.locator("#files .tab").count()) === 2 && (await page.inputValue("#text")) === "");
  const rules = "pub fn rich<const N: usize>(xs: [secret u32; N]) -> secret u32 {\n    let mut n: secret u32 = 0;\n    for x in xs { if x > 5000 { n += 1; } }\n    n\n}\n";
  await page.fill("#text", rules.replace("n += 1", "n += true"));
  await page.click("#files .tab >> nth=0");
  await page.waitForFunction(() => document.getElementById("problems").textContent.includes("rules.smpc, line 3"), null, { timeout: 30000 }).catch(() => {});
  expect("a module's mistake", (await page.textContent("#problems")).includes("rules.smpc, line 3"));
  await shot(page, "playground-module");
  await page.click("#problems li p");
  expect("a mistake leads to its module", (await page.inputValue("#text")).startsWith("pub fn rich"));
  await page.fill("#text", rules);
  await page.fill("#inputs", '{"0": {"salary": 4000}, "1": {"salary": 6000}, "2": {"salary": 7000}}');
  await page.click("[data-does=run]");
  expect("a run with a module", await answered(page, "party 1: 2"));
  page.once("dialog", (dialog) => dialog.accept());
  await page.click("#files .drop");
  expect("no module", (await page.locator("#files .tab").count()) === 1);
  // Costs, graph, audit.
  await page.selectOption("#sample", "auction");
  await page.click("[data-does=stats]");
  expect("costs", await answered(page, "By section"));
  await shot(page, "playground-cost");
  await page.click("[data-does=graph]");
  await page.waitForSelector("#result iframe", { timeout: 60000 });
  const graph = page.frameLocator("#result iframe");
  await graph.locator("svg rect, svg path").first().waitFor({ timeout: 10000 }).catch(() => {});
  expect("a graph", (await graph.locator("svg").count()) > 0);
  await shot(page, "playground-graph");
  await page.selectOption("#sample", "avg");
  await page.fill("#parties", "2");
  await page.fill("#inputs", "");
  await page.click("[data-does=audit]");
  await page.waitForSelector("#result iframe", { timeout: 120000 });
  expect("an audit", (await page.frameLocator("#result iframe").locator("body").textContent()).includes("Leak: determined"));
  await shot(page, "playground-audit");
  // Nothing can be sent, even by a script that got in.
  const sent = await page.evaluate(() => fetch("https://example.com/").then(() => "sent", () => "refused"));
  expect("the page sends nothing", sent === "refused");
  for (let i = wrong.length - 1; i >= 0; i--) if (wrong[i].includes("example.com")) wrong.splice(i, 1);
  await context.close();
}

// --- The book.
const book = path.join(pages, "book");
if (existsSync(book)) {
  const shown = ["index.html", "tutorial.html", "stats.html", "inside.html", "errors.html", "library/stats.html", "recipes/survival.html", "recipes/meters.html"];
  for (const file of shown) await everywhere(path.join(book, file), `book-${file.replace(/\W/g, "-")}`);
  // Every link within the book leads to a page and a heading of it.
  const { page, context } = await open(path.join(book, "index.html"), { scheme: "light", size: WIDE });
  const files = readdirSync(book, { recursive: true }).filter((f) => f.endsWith(".html") && !f.startsWith("404") && f !== "toc.html" && f !== "print.html");
  const ids = new Map();
  const links = [];
  for (const file of files) {
    await page.goto(pathToFileURL(path.join(book, file)).href);
    const found = await page.evaluate(() => ({
      ids: [...document.querySelectorAll("[id]")].map((e) => e.id),
      links: [...document.querySelectorAll("main a[href]")].map((a) => a.href),
    }));
    ids.set(pathToFileURL(path.join(book, file)).href, new Set(found.ids));
    links.push(...found.links.map((href) => [file, href]));
  }
  for (const [file, href] of links) {
    const [target, id] = href.split("#");
    if (!target.startsWith("file:")) continue;
    if (!ids.has(target)) wrong.push(`book/${file}: ${href} leads nowhere`);
    else if (id && !ids.get(target).has(decodeURIComponent(id))) wrong.push(`book/${file}: no heading ${href}`);
  }
  expect(`${links.length} links in ${files.length} pages`, links.length > 100 && files.length > 40);
  await context.close();
}

await browser.close();
for (const what of wrong) console.error(what);
console.log(`${readdirSync(out).length} pictures in ${out}, ${wrong.length} things wrong`);
process.exit(wrong.length ? 1 : 0);
