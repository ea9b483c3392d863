// Checks the report of a run in a real browser: `node site.mjs TOOLS CHROMIUM OUT FOLDER`.
//
// The first page, and the page and picture of a divergence and of a stored program are opened by their links, in light
// and in dark; pictures of them are written to OUT. What is wrong is listed, and the exit status is 1.
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [tools, executablePath, out, folder] = process.argv.slice(2);
const { chromium } = createRequire(`${resolve(tools)}/`)("playwright-core");
const browser = await chromium.launch({ executablePath, args: ["--headless=new", "--no-sandbox"] });
const root = pathToFileURL(`${resolve(folder)}/`).href;
const found = new Set();
const grounds = [];

for (const colorScheme of ["light", "dark"]) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme });
  const page = await context.newPage();
  const expect = (holds, sentence) => holds || found.add(`${colorScheme}, ${page.url()}: ${sentence}`);
  page.on("console", (said) => expect(false, `the console says: ${said.text()}`));
  page.on("pageerror", (error) => expect(false, `a script fails: ${error.message}`));
  page.on("requestfailed", (request) => expect(false, `there is no ${request.url()}`));
  page.on("request", (request) => {
    expect(request.url().startsWith(root) || request.url().startsWith("data:"), `it asks for ${request.url()}`);
  });
  const picture = (name) => page.screenshot({ path: join(out, `site-${name}-${colorScheme}.png`) });
  const wide = () => page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  const follow = async (selector) => {
    const link = page.locator(selector).first();
    expect(await link.count(), `there is no link ${selector}`);
    if (await link.count()) await Promise.all([page.waitForLoadState("load"), link.click()]);
  };

  for (const kind of ["divergences", "programs"]) {
    await page.goto(`${root}index.html`);
    expect(!(await wide()), "it is wider than the window");
    if (kind === "divergences") {
      await picture("index");
      grounds.push(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
    }
    // The matrix is folded together at first.
    const unfold = () => document.querySelectorAll("details").forEach((group) => { group.open = true; });
    await page.evaluate(unfold);
    await follow(`a[href^="${kind}/"]`);
    expect(page.url().includes(`/${kind}/`), "the link leads elsewhere");
    expect((await page.locator("pre").count()) >= 2, "it shows neither program nor traces");
    await picture(kind);
    await follow('a[href$="-timeline.html"]');
    expect(await page.locator("#slider").count(), "the picture can't be stepped through");
    const before = await page.locator("#place").textContent();
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowRight");
    expect((await page.locator("#place").textContent()).startsWith("step 2 "), `from "${before}" no step leads on`);
  }
  await context.close();
}
if (grounds[0] === grounds[1]) found.add("dark is as light");
await browser.close();
for (const sentence of found) console.error(sentence);
console.log(`the report of a run: ${found.size ? "NOT well" : "well"}`);
process.exit(found.size ? 1 : 0);
