import { Random } from "@espalier/encoder";

interface Attempt {
  start_time: string | null;
  end_time: string | null;
  detail: { ip: string; gpus: string[] }[];
}

export interface PhillyRecord {
  status: "Pass" | "Killed" | "Failed";
  vc: string;
  jobid: string;
  attempts: Attempt[];
  submitted_time: string;
  user: string;
}

const time = (seconds: number): string =>
  new Date(Date.UTC(2017, 9, 7) + seconds * 1000).toISOString().slice(0, 19).replace("T", " ");

/** Records in the format that the Philly traces document, with what their notes say is missing now and then. */
export function phillyLog(count: number, seed: number): PhillyRecord[] {
  const random = Random.seeded(seed);
  const hex = (n: number): string => (0xa00000 + n * 7919).toString(16);
  return Array.from({ length: count }, (_, i) => {
    const submitted = random.below(100_000);
    let at = submitted;
    const gpus = [1, 1, 1, 2, 4, 8][random.below(6)]!;
    const attempts = Array.from({ length: random.below(8) === 0 ? 0 : 1 + random.below(2) }, () => {
      const start = (at += 1 + random.below(600));
      const end = (at += 1 + random.below(20_000));
      const detail = [
        { ip: `m${random.below(500)}`, gpus: Array.from({ length: gpus }, (_, g) => `gpu${g}`) },
      ];
      return {
        start_time: random.below(20) === 0 ? null : time(start),
        end_time: random.below(20) === 0 ? null : time(end),
        detail,
      };
    });
    return {
      status: (["Pass", "Killed", "Failed"] as const)[random.below(3)]!,
      vc: hex(random.below(4)),
      jobid: `application_1506638472019_${10_000 + i}`,
      attempts,
      submitted_time: time(submitted),
      user: hex(100 + random.below(12)),
    };
  });
}
