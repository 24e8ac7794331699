/** Where a command writes: data to stdout, everything else to stderr. */
export interface Output {
  /** One JSON value per command instead of text. */
  json: boolean;
  /** stderr is a terminal that can redraw lines. */
  interactive: boolean;
  columns: () => number;
  /** Lines that the terminal shows at once. */
  rows: () => number;
  /** A line of data. */
  print: (line: string) => void;
  /** Data as one line of JSON. */
  printJson: (value: unknown) => void;
  /** A line about what happens. */
  note: (line: string) => void;
  /** What the user should know of an input that was accepted: a line, as JSON where errors are JSON too. */
  warn: (message: string) => void;
  /** Bytes to the terminal as they are. */
  draw: (text: string) => void;
  paint: (style: Style, text: string) => string;
}

const codes = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const;
export type Style = keyof typeof codes;

export interface OutputOptions {
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
  json: boolean;
  /** https://no-color.org: set and not empty means no colour. */
  noColor: boolean;
}

export function createOutput({ stdout, stderr, json, noColor }: OutputOptions): Output {
  const color = !noColor && !json && stdout.isTTY && stderr.isTTY;
  return {
    json,
    interactive: stderr.isTTY,
    columns: () => stderr.columns ?? 80,
    rows: () => stderr.rows ?? 24,
    print: (line) => void stdout.write(`${line}\n`),
    printJson: (value) => void stdout.write(`${JSON.stringify(value)}\n`),
    note: (line) => void stderr.write(`${line}\n`),
    warn: (message) =>
      void stderr.write(`${json ? JSON.stringify({ warning: message }) : `warning: ${message}`}\n`),
    draw: (text) => void stderr.write(text),
    paint: (style, text) => (color ? `\u001b[${codes[style][0]}m${text}\u001b[${codes[style][1]}m` : text),
  };
}
