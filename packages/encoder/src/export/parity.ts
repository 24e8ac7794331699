import { cosine } from "../vectors.ts";

/** How alike two ways to embed the same texts are. */
export interface Parity {
  readonly texts: number;
  /** The worst cosine of the two vectors of a text. */
  readonly least: number;
  readonly mean: number;
}

/** Texts of many kinds and lengths, from one character to more than a short window. */
export const parityTexts: readonly string[] = [
  "a",
  "Why?",
  "The committee will meet again on Thursday morning.",
  "A man in a red coat is walking his dog along the river.",
  "Nobody is outside; the streets are empty.",
  "How do I reset my password when I no longer have access to my old e-mail address?",
  "Photosynthesis turns light, water and carbon dioxide into sugar and oxygen.",
  "3.14159 and 2,718 are close to two well-known constants (and 42 is not).",
  "SELECT name, count(*) FROM orders WHERE total > 100 GROUP BY name;",
  "def area(radius):\n    return 3.14159 * radius ** 2",
  "Das Wetter wird morgen wechselhaft, mit Schauern am Nachmittag.",
  "Où se trouve la bibliothèque la plus proche de la gare ?",
  "El perro duerme debajo de la mesa mientras llueve.",
  "今天下午三点我们在图书馆门口见面。",
  "Сегодня вечером будет концерт в городском парке.",
  "   spaces   and\ttabs   inside   ",
  "🌳 pruned and trained ✂️",
  "Yes. No. Maybe. Ask again later. It is certain. Very doubtful. Without a doubt. Concentrate and ask again.",
  Array.from(
    { length: 24 },
    (_, i) => `This is sentence number ${i + 1} of a longer passage about gardens.`,
  ).join(" "),
];

/** Compares vectors of the same texts. */
export function parityOf(expected: readonly Float32Array[], actual: readonly Float32Array[]): Parity {
  const cosines = expected.map((vector, i) => cosine(vector, actual[i]!));
  return {
    texts: cosines.length,
    least: Math.min(...cosines),
    mean: cosines.reduce((sum, value) => sum + value, 0) / cosines.length,
  };
}
