/** The environment's HTTP_PROXY, HTTPS_PROXY and NO_PROXY, in either case; empty where it has none. */
export function readProxy(environment: NodeJS.ProcessEnv) {
  const either = (name: string): string => environment[name.toLowerCase()] || environment[name] || "";
  return { http: either("HTTP_PROXY"), https: either("HTTPS_PROXY"), no: either("NO_PROXY") };
}
