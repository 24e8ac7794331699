import classes from "./mark.module.css";

/** A tree on a frame. */
export const Mark = () => (
  <svg className={classes.mark} viewBox="0 0 32 32" aria-hidden="true">
    <path d="M16 29V5M16 22H7q-3 0-3-3v-2M16 22h9q3 0 3-3v-2M16 13h-5q-3 0-3-3V8M16 13h5q3 0 3-3V8" />
  </svg>
);
