import { existsSync } from "node:fs";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";

const paths = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const executablePath = paths.find((path) => existsSync(path));

/** Why nothing can be tested in a browser here; undefined where it can. */
export const noChromium =
  executablePath === undefined ? "chromium is not installed (Debian: chromium)" : undefined;

/** Root may start Chromium only without its sandbox. */
const sandbox = process.getuid?.() === 0 ? ["--no-sandbox"] : [];

export const openBrowser = (): Promise<Browser> =>
  chromium.launch({
    ...(executablePath !== undefined && { executablePath }),
    args: [...sandbox, "--disable-gpu"],
  });

/** What a page complained of that no user should meet: errors of scripts, and what the content security policy refused. */
export function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    // A browser says so of every answer that is no success.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
      complaints.push(message.text());
  });
  return complaints;
}

/** Signs in with a key, as a person does. */
export async function signIn(context: BrowserContext, url: string, key: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(url);
  await page.getByLabel("API key").fill(key);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { level: 1, name: "Pool" }).waitFor();
  return page;
}
