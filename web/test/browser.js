// The page of a running download in a real browser: node test/browser.js ADDRESS [FOLDER_FOR_PICTURES]
// Prints one line for each check; ends with 1 at the first that fails.
import { createServer } from "node:http";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [address, pictures] = process.argv.slice(2);
const origin = new URL(address).origin;
const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find(existsSync);

function check(what, truth) {
  console.log(`${truth ? "ok  " : "FAIL"} ${what}`);
  if (!truth) process.exitCode = 1;
}

const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", `--host-resolver-rules=MAP rebound.test 127.0.0.1`],
});
const context = await browser.newContext({ viewport: { width: 1200, height: 1000 } });
const page = await context.newPage();
const complaints = [];
page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
page.on("pageerror", (error) => complaints.push(String(error)));
let alerts = 0;
page.on("dialog", (dialog) => { alerts++; void dialog.dismiss(); });

const picture = async (name, scheme) => {
  await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
  await page.waitForTimeout(300);
  if (pictures) await page.screenshot({ path: join(pictures, `${name}-${scheme}.png`) });
};

await page.goto(address);
await page.waitForFunction(() => document.querySelector("#statuses tr"));
check("the token leaves the address", page.url() === `${origin}/`);
const before = await page.textContent("#done");
await page.waitForFunction((text) => document.querySelector("#done").textContent !== text, before);
check("figures move by themselves", true);
await page.waitForTimeout(pictures ? 6000 : 500);
check("the run is shown", /\d/.test(await page.textContent("#done")));
check("every table has a caption", await page.evaluate(() => [...document.querySelectorAll("table")].every((t) => t.caption?.textContent)));
check("the curve is drawn", (await page.locator("#speed canvas").count()) === 1);
for (const scheme of ["light", "dark"]) await picture("dashboard-run", scheme);

await page.keyboard.press("Tab");
check("the keyboard finds the skip link first", await page.evaluate(() => document.activeElement.className) === "skip");
await page.click("#tab-gallery");
await page.waitForSelector("#grid li");
await page.waitForFunction(() => document.querySelectorAll("#grid img").length > 0 && [...document.querySelectorAll("#grid img")].slice(0, 6).every((i) => i.complete && i.naturalWidth > 0));
check("thumbnails come", true);
for (const scheme of ["light", "dark"]) await picture("dashboard-gallery", scheme);
// Shards that are not done have no table, so no captions yet, and stand first.
for (let i = 0; i < 60 && (await page.locator("#grid .caption").count()) === 0; i++) {
  await page.waitForTimeout(300);
  const more = page.locator("#more");
  await (await more.isVisible() ? more.click() : page.evaluate(() => document.getElementById("filters").requestSubmit()));
}
await page.locator("#grid button", { has: page.locator(".caption") }).first().click();
check("a click shows the row", await page.locator("#sheet[open] dl").count() === 1);
check("with its caption as text", ((await page.textContent("#sheet dl")) ?? "").includes("<img src=x onerror=alert(1)>"));
await page.keyboard.press("Escape");
await page.selectOption("#status-filter", "failures");
await page.waitForSelector("#grid .tag.bad");
await page.locator("#grid button").first().click();
check("it says why a row failed", ((await page.textContent("#sheet .why")) ?? "").length > 3);
check("text from strangers stays text", (await page.locator("main img[src='x'], dialog img[src='x']").count()) === 0);
await page.keyboard.press("Escape");

await page.setViewportSize({ width: 390, height: 844 });
for (const view of ["#run", "#gallery"]) {
  await page.goto(`${origin}/${view}`);
  await page.waitForTimeout(400);
  check(`${view} fits a phone`, await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  await picture(`phone-${view.slice(1)}`, "light");
}

// A page of another site that tries a script's request, a picture, a frame and, by a name that now
// means 127.0.0.1, the page itself.
const site = createServer((_, answer) => answer.setHeader("Content-Type", "text/html").end("<title>evil</title>")).listen(0, "127.0.0.1");
await new Promise((ready) => site.once("listening", ready));
const evil = await context.newPage();
evil.on("dialog", () => alerts++);
await evil.goto(`http://127.0.0.1:${site.address().port}/`);
const reads = await evil.evaluate(async (target) => {
  const read = [];
  for (const path of ["/", "/api/rows", "/api/about"]) {
    for (const mode of ["cors", "no-cors"]) {
      await fetch(target + path, { mode, credentials: "include" }).then(async (answer) => { if (await answer.text()) read.push(path); }, () => {});
    }
  }
  const image = new Image();
  await new Promise((end) => { image.onload = () => { read.push("image"); end(); }; image.onerror = end; image.src = `${target}/api/image?place=0.0&side=64`; });
  return read;
}, origin);
check("another site reads nothing", reads.length === 0);
const rebound = await evil.goto(`http://rebound.test:${new URL(origin).port}/`);
check("a name that rebinds is refused", rebound.status() === 403);
const foreign = complaints.filter((text) => !text.includes("favicon") && !/status of (404|422)/.test(text));
check(`no errors in the page ${foreign.join(" | ")}`, foreign.length === 0);
check("nothing was run", alerts === 0);
site.close();
await browser.close();
