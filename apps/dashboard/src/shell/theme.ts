export const themes = ["system", "light", "dark"] as const;
type Theme = (typeof themes)[number];

const stored = (): Theme => themes.find((theme) => theme === localStorage.getItem("theme")) ?? "system";

/** The theme, after it was set where one is given. `system` is as the system's settings say. */
export function chooseTheme(theme?: Theme): Theme {
  if (theme) localStorage.setItem("theme", theme);
  const chosen = stored();
  if (chosen === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = chosen;
  return chosen;
}
