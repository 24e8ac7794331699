/** Where the bar leads, and by which key after `g`. */
export const places = [
  { path: "/", name: "Pool", key: "p" },
  { path: "/queue", name: "Queue", key: "q" },
  { path: "/runs", name: "Runs", key: "r" },
  { path: "/experiments", name: "Experiments", key: "e" },
  { path: "/models", name: "Models", key: "m" },
  { path: "/datasets", name: "Data", key: "d" },
  { path: "/admin", name: "Admin", key: "a" },
] as const;
