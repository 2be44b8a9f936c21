// Types values into the page of a study, one for each field, and sends them: node types.mjs INVITATION-FILE HTTPS-ORIGIN VALUE…
// A field that is `-` belongs to something that was not chosen, and nobody sees it.
// Lists are typed wrong first: a line that is no element is named.
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const [invitationFile, origin, ...values] = process.argv.slice(2);
const assert = (holds, what) => { if (!holds) throw new Error(what); };
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});
const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 });
const page = await context.newPage();
const studies = await (await context.request.get(`${origin}/v1/studies`)).text();
await page.goto(`${origin}/v1/studies/${studies.trim()}/form`);
const fields = page.locator("[id^=input-]:is(input, select, textarea)");
assert((await fields.count()) === values.length, `${await fields.count()} fields`);
assert(!(await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)), "the page is wider than a phone");
for (const [i, value] of values.entries()) {
  const field = fields.nth(i);
  assert((await field.isVisible()) === (value !== "-"), `field ${i} is ${value === "-" ? "" : "not "}shown`);
  if (value === "-") continue;
  if (await field.evaluate((f) => f.tagName === "SELECT")) await field.selectOption(value);
  else await field.fill(value);
}
await page.getByLabel("Invitation").fill(readFileSync(invitationFile, "utf8"));
const errors = async () => (await page.locator(".error").allTextContents()).filter((text) => text !== "");
for (const [i, value] of values.entries()) {
  const field = fields.nth(i);
  if (!value.includes("\n")) continue;
  await field.fill(`${value}\n2024-02-30,,,,,,,`);
  await page.getByRole("button").click();
  const said = await errors();
  assert(said.length === 1 && /^(Line [0-9]+: |Please give [0-9]+ lines: )/.test(said[0]), `${i}: ${said}`);
  assert(await field.evaluate((f) => f === document.activeElement), `${i}: the wrong field is not in focus`);
  await field.fill(value);
}
for (const [scheme, width] of [["light", 390], ["dark", 390], ["dark", 1100]]) {
  await page.setViewportSize({ width, height: 844 });
  await page.emulateMedia({ colorScheme: scheme });
  await page.screenshot({ path: `form-types-${scheme}-${width}.png`, fullPage: true });
  assert(!(await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)), `wider than ${width}`);
}
await page.getByRole("button").click();
await page.waitForFunction(() => /good|bad/.test(document.getElementById("status").className), null, { timeout: 60000 });
await page.screenshot({ path: "form-types.png", fullPage: true });
const status = await page.locator("#status").textContent();
assert(status.includes("All nodes have stored their parts"), `${status} ${await page.locator(".error").allTextContents()}`);
await browser.close();
