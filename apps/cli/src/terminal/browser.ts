import { spawn } from "node:child_process";

/** The program that opens an address in the user's browser; undefined where there is no screen. */
export function browserOf(
  environment: NodeJS.ProcessEnv,
  platform: NodeJS.Platform = process.platform,
): readonly [string, ...string[]] | undefined {
  const chosen = environment["BROWSER"];
  if (chosen) return [chosen];
  if (platform === "darwin") return ["open"];
  if (platform === "win32") return ["rundll32", "url.dll,FileProtocolHandler"];
  return environment["DISPLAY"] || environment["WAYLAND_DISPLAY"] ? ["xdg-open"] : undefined;
}

/** Opens an address, and does not wait for the browser to end. @returns whether a program was started for it */
export function openInBrowser(url: string, environment: NodeJS.ProcessEnv): Promise<boolean> {
  const browser = browserOf(environment);
  if (browser === undefined) return Promise.resolve(false);
  const [program, ...words] = browser;
  return new Promise((resolve) => {
    const child = spawn(program, [...words, url], { stdio: "ignore", detached: true, env: environment });
    child.once("error", () => resolve(false));
    child.once("spawn", () => {
      child.unref();
      resolve(true);
    });
  });
}
