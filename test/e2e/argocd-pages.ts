import { createHash, X509Certificate } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import puppeteer, { type Browser, type Page } from "puppeteer-core";
import { installMissing } from "../../scripts/lib/apt";
import { paths } from "../../scripts/lib/paths";
import { readOutputs } from "../../scripts/local/platform/stack";
import { kubectlJson } from "./platform";

const CHROMIUM = "/usr/bin/chromium";
/** Pages on two busy cores: a first one loads 5 MB of scripts. */
const TIMEOUT_MS = 120_000;
const DRAWN_MS = 1_000;

/** Argo CD's pages in Debian's Chromium, which trusts the certificate that the cluster has and no other. */
export class ArgoCdPages {
  private screens = 0;
  private loggedIn = false;
  /** Errors in the browser's console, failed requests, and requests to others than Argo CD. */
  private readonly errors: string[] = [];

  private constructor(
    readonly page: Page,
    private readonly address: string,
    private readonly password: string,
    private readonly pictures: string,
  ) {
    page.setDefaultTimeout(TIMEOUT_MS);
    page.on("console", (message) => {
      if (message.type() === "error") this.record(`${message.text()} ${message.location().url ?? ""}`);
    });
    page.on("pageerror", (error) => this.record(error instanceof Error ? error.message : String(error)));
    page.on("request", (request) => {
      const { origin, protocol } = new URL(request.url());
      if (origin !== new URL(address).origin && !["data:", "blob:"].includes(protocol)) this.record(request.url());
    });
    page.on("response", (response) => {
      if (response.status() >= 400)
        this.record(`${response.status()} ${response.request().method()} ${response.url()}`);
    });
  }

  /** Keeps an error. Pages that find out that nobody is logged in are none. */
  private record(error: string): void {
    if (this.loggedIn || !/\b401\b|Unauthorized/.test(error)) this.errors.push(error);
  }

  /** Installs and starts the browser, calls `work`, and closes it. @throws with the errors of the browser's console, if any */
  static async with<T>(see: (line: string) => void, work: (pages: ArgoCdPages) => Promise<T>): Promise<T> {
    await installMissing({ chromium: CHROMIUM }, see);
    const { argocd } = await readOutputs();
    const pictures = join(paths.local, "screens");
    rmSync(pictures, { recursive: true, force: true });
    mkdirSync(pictures, { recursive: true });
    const browser = await launch();
    try {
      const pages = new ArgoCdPages(await browser.newPage(), argocd.url, argocd.adminPassword, pictures);
      const result = await work(pages);
      if (pages.errors.length > 0) throw new Error(`the browser's console — has errors:\n${pages.errors.join("\n")}`);
      see(`no error in the browser's console; ${pages.screens} screenshots are in ${pictures}`);
      return result;
    } finally {
      await browser.close();
    }
  }

  async open(path: string): Promise<void> {
    await this.page.goto(new URL(path, this.address).href, { waitUntil: "domcontentloaded" });
  }

  /** Logs in as `admin`, like a person. */
  async login(): Promise<void> {
    await this.open("/");
    await this.page.locator("input[type=password]").wait();
    await this.screenshot("login");
    const [user, password] = [await this.page.$(".login__box input"), await this.page.$("input[type=password]")];
    await user?.type("admin");
    await password?.type(this.password);
    await this.click("//button[normalize-space()='Sign In']");
    await this.see("//*[contains(@class,'applications-tiles')]");
    this.loggedIn = true;
  }

  /** Clicks what an XPath names, once it is there and holds still. */
  async click(path: string): Promise<void> {
    await this.page.locator(`::-p-xpath(${path})`).click();
  }

  /** Waits for what an XPath names, and returns its text. */
  async see(path: string): Promise<string> {
    const found = await this.page.waitForSelector(`::-p-xpath(${path})`, { visible: true });
    const text: unknown = await (await found?.getProperty("textContent"))?.jsonValue();
    // Monaco draws spaces as no-break spaces.
    return typeof text === "string" ? text.replaceAll("\u00a0", " ") : "";
  }

  /** Waits until the text of what an XPath names matches, and returns it. @throws with the last text */
  async seeText(path: string, pattern: RegExp): Promise<string> {
    let text = "";
    for (const end = Date.now() + TIMEOUT_MS; Date.now() < end;) {
      text = await this.see(path);
      if (pattern.test(text)) return text;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    throw new Error(`${path} — never showed ${String(pattern)}; last: ${text.slice(0, 500)}`);
  }

  /** Keeps a picture of the page. Its streams never end, so that no request's end says that all is drawn. */
  async screenshot(name: string): Promise<void> {
    await this.page.evaluate("document.fonts.ready.then(() => undefined)");
    await new Promise((resolve) => setTimeout(resolve, DRAWN_MS));
    this.screens += 1;
    const file = join(this.pictures, `${String(this.screens).padStart(2, "0")}-${name}.png`);
    await this.page.screenshot({ path: file });
  }
}

async function launch(): Promise<Browser> {
  const secret = await kubectlJson<{ data: Record<string, string> }>(
    ...["get", "secret", "argocd-secret", "--namespace", "argocd"],
  );
  const certificate = new X509Certificate(Buffer.from(secret.data["tls.crt"] ?? "", "base64"));
  const key = createHash("sha256").update(certificate.publicKey.export({ type: "spki", format: "der" }));
  return puppeteer.launch({
    executablePath: CHROMIUM,
    // Root has no sandbox, and a container's /dev/shm is small. A page that is kept for the way back keeps its streams: the
    // next one then waits for one of HTTP/1.1's six connections.
    args: [
      ...["--no-sandbox", "--disable-dev-shm-usage", "--disable-features=BackForwardCache"],
      `--ignore-certificate-errors-spki-list=${key.digest("base64")}`,
    ],
    defaultViewport: { width: 1500, height: 950 },
  });
}
