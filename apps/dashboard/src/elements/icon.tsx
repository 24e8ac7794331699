import classes from "./icon.module.css";

/** Strokes on a grid of 16. */
const paths = {
  check: "M3 8.5l3.2 3L13 4.5",
  cross: "M4 4l8 8M12 4l-8 8",
  alert: "M8 2.2l6.3 11H1.7zM8 6.5v3M8 11.4v.1",
  play: "M5 3.5v9l7-4.5z",
  clock: "M8 2a6 6 0 100 12A6 6 0 008 2zM8 5v3.2l2 1.4",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  stop: "M4 4h8v8H4z",
  skip: "M3 4l5 4-5 4zM12 4v8",
  link: "M6.5 9.5l3-3M7 4.6l1.2-1.1a2.6 2.6 0 013.7 3.7L10.8 8.4M9 11.4L7.8 12.5a2.6 2.6 0 01-3.7-3.7L5.2 7.6",
  dot: "M8 5.2a2.8 2.8 0 100 5.6 2.8 2.8 0 000-5.6z",
  ring: "M8 3a5 5 0 100 10A5 5 0 008 3z",
  shield: "M8 2l5 2v4c0 3-2.2 5-5 6-2.8-1-5-3-5-6V4z",
  search: "M7 2.5a4.5 4.5 0 100 9 4.5 4.5 0 000-9zM10.3 10.3l3.2 3.2",
  up: "M8 13V3M4 7l4-4 4 4",
  down: "M8 3v10M4 9l4 4 4-4",
  more: "M4 6l4 4 4-4",
  less: "M4 10l4-4 4 4",
  copy: "M5.5 5.5h7v7h-7zM3.5 10.5v-7h7",
  sun: "M8 5a3 3 0 100 6 3 3 0 000-6zM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1",
  menu: "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
} as const;
export type IconName = keyof typeof paths;

/** A picture beside a word that says the same, so it is silent. */
export const Icon = ({ name }: { name: IconName }) => (
  <svg
    className={name === "dot" ? `${classes.icon} ${classes.filled}` : classes.icon}
    viewBox="0 0 16 16"
    aria-hidden="true"
  >
    <path d={paths[name]} />
  </svg>
);
