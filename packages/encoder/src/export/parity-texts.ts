const short = [
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
  "الاجتماع غدا في الساعة العاشرة صباحا.",
  "   spaces   and\ttabs   inside   ",
  "🌳 pruned and trained ✂️",
  "Yes. No. Maybe. Ask again later. It is certain. Very doubtful. Without a doubt. Concentrate and ask again.",
  "my card payment was charged twice yesterday and i want one of them back",
  "https://example.org/search?q=espalier&page=2#results",
];

const paragraphs = [
  "An espalier is a tree that is trained to grow flat against a wall or a frame. The gardener ties young shoots to wires, cuts away whatever grows forward or back, and repeats this every winter and every summer. After a few years the tree has a shape that it would never have taken by itself, carries more fruit than its size suggests, and needs little room. The wall gives back at night the warmth that it took up during the day, so that pears ripen where the open garden would be too cold for them.",
  "We measured how the time until the first reply depends on the length of the queue. Between 08:00 and 09:30 the median rose from 1.2 s to 4.8 s while the 99th percentile went beyond 60 s; 14 of 2,310 requests were given up. After the second machine was added, both returned to what they had been (1.1 s and 9 s), although the load had grown by 37 % meanwhile. We conclude that the queue, and not the database, was what people waited for.",
  "Die alte Brücke über den Fluss wurde im Frühjahr gesperrt, weil sich in zwei Pfeilern Risse gezeigt hatten. Seitdem fahren die Busse einen Umweg von fast einer halben Stunde, und viele Leute nehmen lieber das Fahrrad. Der Gemeinderat will im Herbst entscheiden, ob die Brücke ausgebessert oder durch eine neue ersetzt wird; beides ist teurer, als man zunächst gedacht hatte.",
  "Am I covered if the parcel is lost? Yes, up to the value that you declared when you sent it, as long as you kept the receipt. Write to us within thirty days, tell us the number of the parcel and what was in it, and add a photograph of the receipt. We answer within a week. If the parcel turns up later, you may keep the money or the parcel, but not both.",
];

const sentences = (count: number): string =>
  Array.from(
    { length: count },
    (_, i) => `This is sentence number ${i + 1} of a longer passage about gardens.`,
  ).join(" ");

const log = Array.from({ length: 12 }, (_, i) =>
  JSON.stringify({
    time: `2026-03-0${1 + (i % 9)}T04:${10 + i}:07Z`,
    level: i % 5 === 4 ? "error" : "info",
    bytes: 977 * (i + 3) ** 2,
  }),
).join("\n");

/**
 * Texts of many kinds, scripts and lengths, from one character to more than many windows. An LLM has its largest states on
 * a few tokens, the first one above all, so that short and long texts lose differently when something is rounded.
 */
export const parityTexts: readonly string[] = [
  ...short,
  ...paragraphs,
  sentences(24),
  log,
  paragraphs.join("\n\n"),
  [...short, ...paragraphs].join(" "),
];
