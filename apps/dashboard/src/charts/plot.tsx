import { useEffect, useRef } from "react";
import UPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { number } from "../elements/format.ts";
import classes from "./plot.module.css";

/** One line of a chart. `ghost`: what was computed in vain. */
export interface Line {
  name: string;
  /** Rising. */
  x: readonly number[];
  y: readonly (number | null)[];
  ghost?: boolean;
}

interface PlotProps {
  lines: readonly Line[];
  xLabel: string;
  /** In pixels. */
  height?: number;
  logarithmic?: boolean;
}

/** Told apart by lightness too. */
const colours = [
  "--line-1",
  "--line-2",
  "--line-3",
  "--line-4",
  "--line-5",
  "--line-6",
  "--line-7",
  "--line-8",
  "--line-9",
  "--line-10",
];

/** Lines over a common axis. It is drawn anew where its size, its data or the theme changes. */
export function Plot({ lines, xLabel, height = 220, logarithmic = false }: PlotProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot>(undefined);
  const latest = useRef(lines);
  latest.current = lines;
  const shape = JSON.stringify([lines.map(({ name, ghost }) => [name, ghost]), xLabel, height, logarithmic]);
  useEffect(() => {
    const box = place.current;
    if (!box) return;
    const draw = (): void => {
      plot.current?.destroy();
      plot.current = new UPlot(
        optionsOf(latest.current, { xLabel, height, logarithmic }, box),
        aligned(latest.current),
        box,
      );
    };
    draw();
    const sizes = new ResizeObserver(() => plot.current?.setSize({ width: box.clientWidth, height }));
    sizes.observe(box);
    const themes = new MutationObserver(draw);
    themes.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", draw);
    return () => {
      sizes.disconnect();
      themes.disconnect();
      dark.removeEventListener("change", draw);
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [shape, xLabel, height, logarithmic]);
  useEffect(() => plot.current?.setData(aligned(lines)), [lines]);
  return <div ref={place} className={classes.plot} aria-hidden="true" />;
}

/** All x that any line has, and for each line its y there, as uPlot wants it. */
function aligned(lines: readonly Line[]): UPlot.AlignedData {
  const tables = lines.map(({ x, y }) => [x, y] as unknown as UPlot.AlignedData);
  return tables.length === 1 ? tables[0]! : tables.length === 0 ? [[]] : UPlot.join(tables);
}

interface Shape {
  xLabel: string;
  height: number;
  logarithmic: boolean;
}

function optionsOf(
  lines: readonly Line[],
  { xLabel, height, logarithmic }: Shape,
  box: HTMLElement,
): UPlot.Options {
  const style = getComputedStyle(box);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const probe = (name: string): string => {
    const dark =
      style.colorScheme === "dark" ||
      (style.colorScheme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
    const [, light = "", night = ""] = /light-dark\(\s*([^,]+),\s*([^)]+)\)/.exec(colour(name)) ?? [];
    return light === "" ? colour(name) : dark ? night : light;
  };
  const axis: UPlot.Axis = {
    stroke: probe("--muted"),
    grid: { stroke: probe("--line"), width: 1 },
    ticks: { show: false },
    font: "12px system-ui, sans-serif",
  };
  return {
    width: box.clientWidth,
    height,
    cursor: { y: false, points: { size: 6 } },
    legend: { show: lines.length > 1, live: true },
    scales: { x: { time: false }, y: { distr: logarithmic ? 3 : 1 } },
    axes: [
      { ...axis, label: xLabel, labelSize: 18, labelFont: "12px system-ui, sans-serif", size: 32 },
      { ...axis, size: 56, values: (_plot, ticks) => ticks.map(number) },
    ],
    series: [
      { label: xLabel },
      ...lines.map(({ name, ghost }, i) => ({
        label: name,
        stroke: ghost ? probe("--line-strong") : probe(colours[i % colours.length]!),
        width: ghost ? 1 : 1.75,
        ...(ghost && { dash: [3, 4] }),
        points: { show: false },
        spanGaps: true,
      })),
    ],
  };
}
