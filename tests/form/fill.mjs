// Fills in the page of a study in headless Chromium, as somebody on a phone would: wrong values first, then right ones.
// node fill.mjs SALARY INVITATION-FILE HTTPS-ORIGIN, in a folder where pictures may be written. NODES is how many nodes there are.
import { readFileSync, writeFileSync } from "node:fs";
import { chromium } from "playwright-core";

const [salary, invitationFile, origin] = process.argv.slice(2);
const nodes = Number(process.env.NODES ?? 3);
const assert = (holds, what) => { if (!holds) throw new Error(what); };
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});
// Each node's certificate is its own, which browsers do not know.
const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 });
const page = await context.newPage();
const problems = [];
page.on("console", (message) => { if (message.type() === "error") problems.push(message.text()); });
page.on("pageerror", (error) => problems.push(String(error)));
const asked = [];
page.on("request", (request) => asked.push(request.url()));

const studies = await (await context.request.get(`${origin}/v1/studies`)).text();
const url = `${origin}/v1/studies/${studies.trim()}/form`;
const html = await (await context.request.get(url)).text();
writeFileSync("form.html", html);
// As served by a node for the pictures, and from the disk for the contribution: it is one file that needs nothing else.
await page.goto(url);
await page.screenshot({ path: "form-phone.png", fullPage: true });
await page.setViewportSize({ width: 1100, height: 800 });
await page.emulateMedia({ colorScheme: "dark" });
await page.screenshot({ path: "form-dark.png" });
await page.emulateMedia({ colorScheme: "light" });
await page.setViewportSize({ width: 390, height: 844 });
const wide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
assert(!wide, "the page is wider than a phone");

await page.goto(`file://${process.cwd()}/form.html`);
const field = page.getByLabel("Salary a month");
const invitation = page.getByLabel("Invitation");
const send = page.getByRole("button");
await send.click();
assert(await field.evaluate((f) => f === document.activeElement), "the first wrong field is not in focus");
assert((await page.locator("#input-0-error").textContent()).includes("fill this in"), "nothing is said of an empty field");
for (const [wrong, why] of [["12.5", "whole number"], ["-1", "from 0"], ["20001", "20000"], ["1e3", "whole number"]]) {
  await field.fill(wrong);
  await invitation.fill("something");
  await send.click();
  assert((await page.locator("#input-0-error").textContent()).includes(why), `${wrong} is not refused`);
  assert((await page.locator("#invitation-error").textContent()).includes("no invitation"), "a wrong invitation is not refused");
}
await page.screenshot({ path: "form-errors.png", fullPage: true });
assert(asked.every((url) => !url.includes("/contributions/")), "something was sent too early");

await field.fill(salary);
await invitation.fill(readFileSync(invitationFile, "utf8"));
await send.click();
await page.waitForFunction(() => /good|bad/.test(document.getElementById("status").className), null, { timeout: 60000 });
await page.screenshot({ path: "form-sent.png", fullPage: true });
const status = await page.locator("#status").textContent();
assert(status.includes("All nodes have stored their parts"), `${status} ${problems.join("\n")}`);
assert((await page.locator("#nodes li.good").count()) === nodes, "not a receipt of each node");
const sent = asked.filter((url) => url.includes("/contributions/"));
assert(sent.length === nodes && new Set(sent.map((url) => new URL(url).host)).size === nodes, "not one request for each node");
// The policy lets it ask nobody else.
const other = await page.evaluate(() => fetch("https://127.0.0.1:9/").then(() => "asked", (e) => String(e)));
assert(other !== "asked" && problems.some((p) => p.includes("Content Security Policy")), `${other} ${problems.join("\n")}`);
assert(problems.every((p) => p.includes("Content Security Policy")), problems.join("\n"));
await browser.close();
