import type { DomainSpec } from "./spec.ts";

export const WORLD: readonly DomainSpec[] = [
  {
    name: "sea",
    about: "ships and the water",
    people: "sailor|seaman, captain|skipper, fisherman|angler, diver, lighthouse keeper",
    places: "at harbour|port, on beach|shore, on island|isle, on deck, at pier|jetty",
    things: {
      boat: "ship|vessel, ferry, canoe|kayak, raft, yacht|sailboat",
      "sea animal": "fish, crab, lobster|crayfish, eel, oyster",
      "gear*": "net, anchor, rope|cord, sail, oar|paddle",
    },
    qualities: {
      boat: "stable|steady:unstable|shaky, fast|swift:slow",
      "sea animal": "fresh|newly caught:rotten|spoilt, slippery:sticky",
      "gear*": "torn|ripped:undamaged, tight:loose|slack",
    },
    actions: [
      { does: "steer|pilot", what: "boat", undo: "abandon|desert" },
      { does: "catch|hook", what: "sea animal", using: "gear*", undo: "free|throw back" },
      { does: "sink|wreck", what: "boat", undo: "rescue|save", leaves: "lost" },
      { does: "sail|voyage", goal: true, undo: "stay ashore|remain ashore", leaves: "far away" },
      { does: "lower|let down", what: "gear*", undo: "raise|hoist", leaves: "down" },
      { does: "ferry|transport", what: "sea animal", toward: "to", undo: "hold back" },
      { does: "swim|bathe", undo: "drown" },
      { does: "tighten", what: "gear*", undo: "loosen|slacken", leaves: "tight" },
    ],
  },
  {
    name: "weather",
    about: "the sky and the seasons",
    people: "hiker|walker, mountaineer|climber, forecaster",
    places: "in valley|dale, in mountains|highlands, in village|hamlet, on coast|seaside, in city|town",
    things: {
      _force:
        "storm|tempest, wind|breeze*, rain|rainfall*, snow|snowfall*, fog|mist*, frost*, heat wave, thunder*",
      _land: "field, road|track, river|stream, lake|pond, forest|woodland, roof",
    },
    qualities: {
      _force: "strong|violent:weak|faint, sudden|unexpected:expected|gradual",
      _land: "muddy|boggy:dry|dusty, frozen|icy!thawed, green|lush:bare|barren",
    },
    actions: [
      { does: "damage|harm", what: "_land", who: "_force", undo: "spare|protect" },
      { does: "cover|blanket", what: "_land", who: "_force", undo: "expose|lay bare", leaves: "covered" },
      { does: "hit|strike", what: "_land", who: "_force", undo: "miss|pass by" },
      { does: "begin|start", who: "_force", undo: "end|stop" },
      { does: "grow stronger|strengthen", who: "_force", undo: "grow weaker|weaken" },
      { does: "cross|traverse", what: "_land", undo: "avoid|go around" },
      { does: "predict|forecast", what: "_force", undo: "rule out" },
      { does: "climb up|go up", undo: "climb down|come down" },
    ],
  },
  {
    name: "travel",
    about: "journeys",
    people: "traveller|tourist, driver|chauffeur, pilot|airman, guide|escort, conductor",
    places: "at station|terminal, at airport, at hotel|inn, at border|frontier, on bridge",
    things: {
      "transport*": "train, bus|omnibus, aeroplane|aircraft, taxi|cab, bicycle|bike, lorry|truck",
      "luggage*": "suitcase|trunk, rucksack|backpack, ticket, passport, camera",
      sight: "castle|fortress, museum, temple|shrine, tower, waterfall",
    },
    qualities: {
      "transport*": "early:late|delayed, crowded|packed:deserted",
      "luggage*": "lost|missing!found, huge|enormous:tiny|compact",
      sight: "near|nearby:distant|remote, ruined|crumbling:restored",
    },
    actions: [
      { does: "visit|tour", what: "sight", undo: "leave out|skip" },
      { does: "catch|board", what: "transport*", undo: "miss" },
      { does: "drive|operate", what: "transport*", undo: "park" },
      { does: "arrive|turn up", undo: "depart|set off", leaves: "here|present" },
      { does: "lose|mislay", what: "luggage*", undo: "find|discover", leaves: "lost|missing" },
      { does: "carry|bring", what: "luggage*", toward: "for", undo: "leave behind" },
      { does: "photograph|film", what: "sight", undo: "draw" },
      { does: "travel|journey", goal: true, undo: "stay at home|remain at home", leaves: "far away" },
    ],
  },
  {
    name: "forest",
    about: "wild creatures",
    people: "hunter|huntsman, ranger|forester, woodcutter|lumberjack, zoologist",
    places: "in jungle|rainforest, in cave|cavern, in clearing|glade, by brook, in den|lair",
    things: {
      beast: "wolf, bear, fox, deer|stag, lion, rabbit|hare, monkey|ape",
      bird: "eagle, owl, crow|raven, swallow, parrot",
      shelter: "nest, burrow|hole, hut|cabin, tent, trap|snare",
    },
    qualities: {
      beast: "dangerous|deadly!harmless|tame, awake!asleep|sleeping, brave|fearless:timid|fearful",
      bird: "rare|unusual:common, young:old|aged",
      shelter: "hidden|concealed!visible, dark|gloomy:bright",
    },
    actions: [
      { does: "attack|assault", what: "beast", who: "beast", undo: "protect|defend" },
      { does: "follow|track", what: "beast", undo: "lead" },
      { does: "see|spot", what: "bird", undo: "overlook|fail to notice", binary: true },
      { does: "build|make", what: "shelter", undo: "tear down|wreck", leaves: "finished|complete" },
      { does: "enter|go into", what: "shelter", who: "beast", undo: "leave|come out of" },
      { does: "frighten|scare", what: "bird", undo: "calm|soothe", leaves: "afraid" },
      { does: "trap|capture", what: "beast", undo: "free|release", leaves: "caught" },
      { does: "roar|growl", who: "beast", undo: "keep quiet|stay silent" },
    ],
  },
];
