import { expect, test } from "vitest";
import { formatTable } from "./table.ts";

test("columns are as wide as their widest cell and numbers end at the same place", () => {
  const rows = [
    { name: "none", layers: 12 },
    { name: "a long name", layers: 4 },
  ];
  expect(
    formatTable(rows, [
      { title: "variant", value: ({ name }) => name },
      { title: "layers", value: ({ layers }) => String(layers), align: "right" },
    ]),
  ).toEqual(["variant      layers", "none             12", "a long name       4"]);
});

test("columns for which a terminal has no room stand beneath the row, with their titles, broken between words", () => {
  const rows = [
    { id: "run_1", why: "It has waited for a device that is large enough for it.", by: "ann" },
    { id: "run_22", why: "–", by: "" },
  ];
  const columns = [
    { title: "ID", value: ({ id }: (typeof rows)[0]) => id },
    { title: "WHY", value: ({ why }: (typeof rows)[0]) => why },
    { title: "BY", value: ({ by }: (typeof rows)[0]) => by },
  ];
  expect(formatTable(rows, columns, 40)).toEqual([
    "ID",
    "run_1",
    "    why It has waited for a device that",
    "    is large enough for it.",
    "    by ann",
    "run_22",
  ]);
  expect(formatTable(rows, columns, 80)).toHaveLength(3);
});

test("letters that take two cells of a terminal, and marks that take none, keep columns in line", () => {
  const columns = [
    { title: "NAME", value: ([name]: readonly string[]) => name! },
    { title: "KIND", value: ([, kind]: readonly string[]) => kind! },
  ];
  const lines = formatTable(
    [
      ["数据", "a"],
      ["e\u0301t\u00e9", "b"],
      ["plain", "c"],
    ],
    columns,
  );
  expect(lines).toEqual(["NAME   KIND", "数据   a", "e\u0301t\u00e9    b", "plain  c"]);
});
