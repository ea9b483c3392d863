// Checks pages in a real browser: `node check.mjs TOOLS CHROMIUM OUT PAGE...`.
//
// TOOLS is the folder that playwright-core is installed in. Each page is looked at as somebody would who steps through
// it, in light and dark, without scripts and in a small window; pictures of it are written to OUT. What is wrong with it
// is listed, and the exit status is 1. Afterwards pages are broken in ways that must be noticed: a check that finds
// nothing there is a failure as well.
import { readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { breakages } from "./breakages.mjs";
import { contrasts, overlaps } from "./layout.mjs";

const [tools, executablePath, out, ...pages] = process.argv.slice(2);
const { chromium } = createRequire(`${resolve(tools)}/`)("playwright-core");
const browser = await chromium.launch({ executablePath, args: ["--headless=new", "--no-sandbox"] });
const WINDOW = { width: 1280, height: 800 };

/** Everything that is wrong with a page, in sentences. */
async function wrong(file, pictures) {
  const found = new Set();
  const expect = (holds, sentence) => holds || found.add(sentence);
  const url = pathToFileURL(file).href;
  const name = basename(file, ".html");

  async function open(options) {
    const context = await browser.newContext({ viewport: WINDOW, colorScheme: "light", ...options });
    const page = await context.newPage();
    page.on("console", (said) => expect(false, `the console says: ${said.text()}`));
    page.on("pageerror", (error) => expect(false, `a script fails: ${error.message}`));
    page.on("dialog", (dialog) => { expect(false, `a dialog opens: ${dialog.message()}`); dialog.dismiss(); });
    page.on("request", (request) => {
      const own = request.url() === url || request.url().startsWith("data:");
      expect(own, `it asks for ${request.url()}`);
    });
    await page.goto(url);
    return page;
  }

  const page = await open({});
  const data = JSON.parse(await page.locator("#data").textContent());
  const last = data.rows.length - 1;
  const place = () => page.locator("#place").textContent();
  const said = () => page.locator("#said").innerText();
  const picture = () => page.locator("#scroller").screenshot();
  const at = (row) => `step ${row + 1} of ${data.rows.length}`;

  // It opens where the subjects first differ.
  expect((await place()) === at(data.first ?? 0), "it doesn't open at the first difference");
  if (pictures) await page.screenshot({ path: join(out, `${name}.png`) });

  /** Whether the step is in view, and of each subject what it did. */
  const seen = () => page.evaluate(() => {
    const inside = (box, frame) =>
      box.top >= frame.top - 1 && box.bottom <= frame.bottom + 1 && box.left >= frame.left - 1 && box.right <= frame.right + 1;
    const scroller = document.getElementById("scroller").getBoundingClientRect();
    const line = document.querySelector(".line.now");
    if (!line || !inside(line.getBoundingClientRect(), scroller)) return "the line";
    for (const panel of document.querySelectorAll(".panel")) {
      const boxes = [...panel.querySelectorAll(".box.now")];
      const frame = panel.getBoundingClientRect();
      if (boxes.length && !boxes.some((box) => inside(box.getBoundingClientRect(), { ...frame.toJSON(), ...{ top: scroller.top, bottom: scroller.bottom } }))) return "a box";
    }
    return null;
  });

  // Every way to step changes the place, what is said, and the picture.
  async function steps(what, act, row) {
    const before = await picture();
    const from = await place();
    await act();
    expect((await place()) === at(row), `${what} goes to "${await place()}" rather than to "${at(row)}"`);
    if (from !== at(row)) expect(!before.equals(await picture()), `${what} doesn't change the picture`);
  }
  const key = (name) => () => page.keyboard.press(name);
  const click = (id) => () => page.locator(id).click();
  const slide = (row) => () => page.locator("#slider").fill(String(row));
  const one = Math.min(1, last), two = Math.min(2, last);
  await steps("Home", key("Home"), 0);
  await steps("the right arrow", key("ArrowRight"), one);
  await steps("the arrow down", key("ArrowDown"), two);
  await steps("the left arrow", key("ArrowLeft"), Math.max(two - 1, 0));
  await steps("the arrow up", key("ArrowUp"), Math.max(two - 2, 0));
  await steps("End", key("End"), last);
  await steps("the button to the beginning", click("#to-start"), 0);
  await steps("the button on", click("#next"), one);
  await steps("the button back", click("#back"), 0);
  await steps("the button to the end", click("#to-end"), last);
  await steps("the slider", slide(0), 0);
  await steps("the slider", slide(two), two);
  await steps("a line", () => page.locator(".line").first().click(), 0);
  if (data.first !== null) {
    await steps("d", key("d"), data.first);
    await steps("Home", key("Home"), 0);
    await steps("the button to the difference", click("#to-difference"), data.first);
  }

  // Each step is in view and says what the subjects do.
  await page.keyboard.press("Home");
  for (let row = 0; row <= last; row++) {
    const hidden = await seen();
    expect(!hidden, `${hidden} of ${at(row)} isn't in view`);
    const text = (await said()).replaceAll(/\s+/g, " ");
    for (const cell of data.rows[row].cells) {
      const sentence = (cell?.said ?? "").replaceAll(/\s+/g, " ").trim();
      expect(text.includes(sentence), `${at(row)} doesn't say: ${sentence.slice(0, 80)}`);
    }
    await page.keyboard.press("ArrowRight");
  }

  // At the end nothing is faint, so that all can be measured.
  for (const sentence of await page.evaluate(overlaps)) found.add(sentence);
  for (const sentence of await page.evaluate(contrasts)) found.add(`light: ${sentence}`);

  // What is under the pointer or has the focus is told in full.
  await page.keyboard.press("Home");
  if (data.first !== null) await page.keyboard.press("d");
  const tip = page.locator("#tip");
  const told = async (how) => {
    expect(await tip.isVisible(), `${how} shows nothing`);
    const box = await tip.boundingBox();
    if (!box) return;
    const within = box.x >= 0 && box.y >= 0 && box.x + box.width <= WINDOW.width && box.y + box.height <= WINDOW.height;
    expect(within, `what ${how} shows isn't in the window`);
  };
  const box = page.locator(".panel .box.now").first();
  if (await box.count()) {
    const about = await box.getAttribute("data-about");
    await box.hover();
    await told("the pointer");
    expect((await tip.textContent()) === about, "the pointer shows something else");
    await page.mouse.move(2, 2);
    expect(await tip.isHidden(), "what the pointer showed stays");
    for (let tabs = 0; tabs < 40; tabs++) {
      await page.keyboard.press("Tab");
      if (await page.evaluate(() => document.activeElement.classList.contains("box"))) break;
    }
    await told("the focus");
    expect((await tip.textContent()) === about, "the focus shows something else");
    await page.keyboard.press("Escape");
    expect(await tip.isHidden(), "Escape doesn't hide what the focus showed");
  }
  await page.locator("#legend summary").click();
  expect(await page.locator(".legend").isVisible(), "there is no legend");
  if (pictures === "legend") await page.screenshot({ path: join(out, `${name}-legend.png`) });
  await page.locator("#legend summary").click();

  // Dark is another picture, whether asked for by the system or by the button.
  const ground = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground(page);
  await page.locator("#theme").click();
  const toggled = await ground(page);
  expect(light !== toggled, "the button doesn't make it dark");
  await page.locator("#theme").click();
  expect((await ground(page)) === light, "the button doesn't make it light again");
  const dark = await open({ colorScheme: "dark" });
  expect((await ground(dark)) === toggled, "it isn't dark where dark is asked for");
  if (pictures) await dark.screenshot({ path: join(out, `${name}-dark.png`) });
  await dark.keyboard.press("End");
  for (const sentence of await dark.evaluate(contrasts)) found.add(`dark: ${sentence}`);

  // In a small window nothing is wider than it.
  const small = await open({ viewport: { width: 640, height: 560 } });
  const wide = await small.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  expect(!wide, "it is wider than a small window");

  // Without scripts there is at least the text.
  const plain = await open({ javaScriptEnabled: false });
  const text = await plain.locator("noscript pre").innerText();
  expect(/^[>~ ]*d0 /m.test(text) || data.lanes === 0 || !text.includes("event"), "without scripts there is no trace");
  for (const subject of data.subjects) {
    expect(text.includes(subject.name.slice(0, 10)), `without scripts there is nothing of ${subject.name}`);
  }
  expect(!(await plain.locator("nav").isVisible()), "without scripts there are buttons that do nothing");
  if (pictures === "legend") await plain.screenshot({ path: join(out, `${name}-plain.png`) });

  // All text is text.
  const strange = await page.evaluate(() =>
    [...document.querySelectorAll("img, iframe, object, embed, body script:not(#data):not(:last-of-type)")].map((one) => one.outerHTML));
  expect(strange.length === 0, `text has become an element: ${strange[0]}`);
  for (const opened of browser.contexts()) await opened.close();
  return [...found];
}

let failed = 0;
for (const [number, file] of pages.entries()) {
  const found = await wrong(file, number === 0 ? "legend" : "plain");
  failed += found.length;
  console.log(`${found.length ? "WRONG" : "well "} ${basename(file)}`);
  for (const sentence of found) console.log(`      ${sentence}`);
}
for (const { name, page, from, to } of breakages) {
  const file = pages.find((file) => basename(file) === page);
  const html = await readFile(file, "utf8");
  if (!html.includes(from)) throw new Error(`${page} has no ${from} to break`);
  const broken = join(out, "broken.html");
  await writeFile(broken, html.replaceAll(from, () => to));
  const found = await wrong(broken, null).catch((error) => [error.message.split("\n")[0]]);
  failed += found.length ? 0 : 1;
  console.log(`${found.length ? "noticed" : "MISSED "} ${name}: ${found[0]?.slice(0, 100) ?? ""}`);
}
await browser.close();
process.exit(failed ? 1 : 0);
