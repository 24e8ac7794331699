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
