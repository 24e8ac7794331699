import type { DomainSpec } from "./spec.ts";

export const LEISURE: readonly DomainSpec[] = [
  {
    name: "music",
    about: "songs and instruments",
    people: "singer|vocalist, violinist|fiddler, drummer, composer|songwriter, pianist",
    places: "in concert hall|auditorium, at festival, in choir|chorus, on bandstand",
    things: {
      instrument: "violin|fiddle, flute|recorder, drum, guitar, trumpet|horn, harp, piano",
      tune: "song|melody, symphony, waltz, anthem|hymn, lullaby, march",
    },
    qualities: {
      instrument: "tuned!untuned, loud|noisy:soft|quiet",
      tune: "cheerful|merry:mournful|gloomy, lively|fast:slow|solemn",
    },
    actions: [
      { does: "play|perform on", what: "instrument", undo: "put away|lay down" },
      { does: "sing|croon", what: "tune", toward: "for", undo: "hum" },
      { does: "compose|write", what: "tune", undo: "discard|throw away", leaves: "finished|complete" },
      { does: "teach", what: "tune", toward: "to", dative: true, converse: "learn" },
      { does: "tune|adjust", what: "instrument", undo: "mistune", leaves: "tuned" },
      { does: "applaud|clap", undo: "boo|hiss" },
      { does: "love|adore", what: "tune", undo: "hate|loathe" },
      { does: "record|tape", what: "tune", undo: "delete|wipe out", leaves: "saved" },
    ],
  },
  {
    name: "sport",
    about: "games and contests",
    people: "runner|sprinter, goalkeeper|goalie, coach|trainer, referee|umpire, champion|winner, wrestler",
    places: "in stadium|arena, on pitch|playing field, in gym|gymnasium, on racetrack",
    things: {
      game: "match|contest, race, tournament|championship, final",
      "kit*": "ball, racket|bat, helmet, glove|mitt, whistle, boot",
      prize: "medal, trophy|cup, award, crown|wreath",
    },
    qualities: {
      game: "fair|honest!unfair|dishonest, exciting|thrilling:tedious|dreary",
      "kit*": "worn out|shabby:brand new, tight fitting:baggy",
      prize: "golden|gilded:wooden, deserved|earned!undeserved",
    },
    actions: [
      { does: "win", what: "game", undo: "lose", binary: true, leaves: "over|ended" },
      { does: "throw|toss", what: "kit*", toward: "to", dative: true, converse: "catch" },
      { does: "kick|boot", what: "kit*", undo: "hold|grip" },
      { does: "award|grant", what: "prize", toward: "to", dative: true, converse: "receive|get" },
      { does: "train hard|practise hard", undo: "laze about|slack off", leaves: "fit|strong" },
      { does: "watch|view", what: "game", undo: "miss" },
      { does: "defeat|beat", what: "person", undo: "lose to|surrender to", binary: true },
      { does: "polish|shine", what: "prize", undo: "tarnish", leaves: "shiny|gleaming" },
    ],
  },
  {
    name: "theatre",
    about: "plays and pictures",
    people: "actor|performer, painter|artist, director, sculptor, audience member|spectator, clown|jester",
    places: "on stage|platform, in theatre|playhouse, in gallery, at opera, at circus",
    things: {
      show: "play|drama, comedy|farce, film|movie, tragedy, ballet, pantomime",
      artwork: "painting|picture, statue|sculpture, sketch|drawing, portrait, mosaic",
      prop: "mask, costume|outfit, wig, puppet|marionette, sword|blade",
    },
    qualities: {
      show: "funny|amusing:sad|tragic, successful|popular:unsuccessful|unpopular",
      artwork: "original!copied, colourful|vivid:pale|faded",
      prop: "splendid|magnificent:modest|simple, borrowed!owned",
    },
    actions: [
      { does: "stage|mount", what: "show", undo: "cancel|call off", leaves: "over|ended" },
      { does: "admire|esteem", what: "artwork", undo: "despise|scorn" },
      { does: "paint|create", what: "artwork", undo: "vandalise|ruin", leaves: "finished|complete" },
      { does: "rent out|hire out", what: "prop", toward: "to", converse: "rent|hire" },
      { does: "laugh|giggle", undo: "weep|cry" },
      { does: "rehearse|practise", what: "show", undo: "improvise|make up" },
      { does: "display|exhibit", what: "artwork", undo: "hide|conceal", leaves: "visible" },
      { does: "dance|twirl", undo: "stand still|keep still" },
    ],
  },
];
