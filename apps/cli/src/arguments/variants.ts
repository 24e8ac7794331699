/** `none,large,50%,12` → `["none", "large", "50%", 12]` */
export const parseVariants = (list: string): (string | number)[] =>
  list.split(",").map((name) => (/^[0-9]+$/.test(name) ? Number(name) : name));
