import { join } from "node:path";
import { pathToFileURL } from "node:url";
import puppeteer from "puppeteer-core";
import { installMissing } from "../../scripts/lib/apt";
import { paths } from "../../scripts/lib/paths";

const CHROMIUM = "/usr/bin/chromium";

/** What the browser has drawn of a page of `npm run health`. */
interface DrawnPage {
  /** Headings of the nodes. */
  readonly nodes: readonly string[];
  /** Of each canvas, how many of its pixels are not empty. */
  readonly drawn: readonly number[];
  /** How many canvases have the colour of the limit. */
  readonly limits: number;
  /** Errors of the page's programs, and everything that it wanted to load. */
  readonly errors: readonly string[];
  /** A picture for a person. */
  readonly screenshot: string;
}

/** Opens a page in Debian's Chromium, with nothing but its own file. */
export async function openHealthPage(file: string, see: (line: string) => void): Promise<DrawnPage> {
  await installMissing({ chromium: CHROMIUM }, see);
  const browser = await puppeteer.launch({
    executablePath: CHROMIUM,
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
  });
  try {
    const page = await browser.newPage();
    const address = pathToFileURL(file).href;
    const errors: string[] = [];
    page.on("pageerror", (error) => void errors.push(error instanceof Error ? error.message : String(error)));
    page.on("request", (request) => {
      if (request.url() !== address) errors.push(`loads ${request.url()}`);
    });
    await page.setViewport({ width: 1200, height: 1600 });
    await page.goto(address, { waitUntil: "load" });
    await page.waitForFunction("document.documentElement.dataset.plots !== undefined");
    const seen = (await page.evaluate(LOOK)) as Pick<DrawnPage, "nodes" | "drawn" | "limits">;
    const screenshot = join(paths.local, "health.png");
    await page.screenshot({ path: screenshot, fullPage: true });
    return { ...seen, errors, screenshot };
  } finally {
    await browser.close();
  }
}

/** Runs in the browser, after the library has drawn, which it does in a task of its own. */
const LOOK = `new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => {
  const pixels = [...document.querySelectorAll("canvas")].map((canvas) =>
    canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data);
  const count = (data, is) => { let n = 0; for (let i = 0; i < data.length; i += 4) if (is(data[i], data[i + 1], data[i + 2], data[i + 3])) n++; return n; };
  resolve({
    nodes: [...document.querySelectorAll("h2")].map((heading) => heading.textContent),
    drawn: pixels.map((data) => count(data, (r, g, b, a) => a > 0)),
    limits: pixels.filter((data) => count(data, (r, g, b, a) => a > 200 && r > 200 && g < 60 && b < 60) > 50).length,
  });
})))`;
