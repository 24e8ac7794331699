/** Names and addresses of this host, as a list of what no proxy is for has them. */
export const loopbackNames = ["localhost", "127.0.0.1", "::1", "[::1]"] as const;

/**
 * Keeps this process, and those that it starts, from asking a proxy for what listens on this host. Node reads HTTP_PROXY where
 * NODE_USE_ENV_PROXY asks for it (22.21, 24), and knows no exception for loopback. What the lists exempt already stays exempt; the lower
 * case one is read first where there are both.
 */
export function keepLoopbackDirect(environment: NodeJS.ProcessEnv): void {
  const given = environment["no_proxy"] ?? environment["NO_PROXY"] ?? "";
  const names = given.split(/[\s,]+/).filter(Boolean);
  if (names.includes("*")) return;
  const all = [...names, ...loopbackNames.filter((name) => !names.includes(name))].join(",");
  environment["NO_PROXY"] = all;
  if (environment["no_proxy"] !== undefined) environment["no_proxy"] = all;
}
