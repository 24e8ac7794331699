import { known } from "./known.ts";
import { Command, type CommandEnd, type CommandOptions } from "./command.ts";
import { readPartitionNames, readPartitions, type GpuProcess, type Partition } from "./nvidia-partitions.ts";
import { readNumber, readRows, readValue, unknownField, type NvidiaRow } from "./nvidia-rows.ts";

/** One NVIDIA GPU at one moment. What the driver does not report is absent. */
export interface Card {
  uuid: string;
  index: number;
  name: string;
  driver?: string;
  memoryBytes?: number;
  freeBytes?: number;
  /** Percent. */
  utilization?: number;
  /** Degrees Celsius. */
  temperature?: number;
  /** Memory errors that ECC could not correct, since the driver was loaded. */
  uncorrected?: number;
  /** What its driver says is wrong with it; sentences. */
  faults: string[];
  processes: GpuProcess[];
  /** MIG: the card itself cannot be computed on, these can. */
  partitions?: (Partition & { uuid: string; profile: string })[];
}

/** What nvidia-smi reports about the host. */
export type NvidiaReport =
  | { type: "absent" }
  | { type: "silent"; reason: string }
  | { type: "cards"; cards: Card[]; remarks: string[] };

const mebibyte = 2 ** 20;
/** It works, and what it looks for is not there. */
const gone = /no devices were found|unable to determine the device handle|gpu is lost|fallen off the bus/i;
const uuid = /^GPU-[0-9a-f-]{8,}$/i;

// The last field of each may hold commas.
const cardFields = [
  "index",
  "uuid",
  "memory.total",
  "memory.used",
  "memory.free",
  "utilization.gpu",
  "temperature.gpu",
  "mig.mode.current",
  "ecc.errors.uncorrected.volatile.total",
  "retired_pages.pending",
  "gpu_recovery_action",
  "driver_version",
  "name",
];
const processFields = ["gpu_uuid", "pid", "used_memory", "process_name"];
const rowFields = ["gpu_uuid", "remapped_rows.failure"];
/** Where `[Unknown Error]` says that the card is in trouble; of others, such as fans, it is common on healthy ones. */
const vital = ["memory.total", "memory.used", "memory.free", "temperature.gpu", cardFields[8]!];
/** Remapped rows change once in a card's life: they are asked for with one report of so many. */
const remappedEvery = 12;

/** What the man page of nvidia-smi says of its exit codes. */
const exitCodes: Readonly<Record<number, string>> = {
  4: "the user may not ask",
  6: "it found no such device",
  8: "a card's power cable is not attached",
  9: "the NVIDIA driver is not loaded",
  10: "the kernel had an interrupt issue with a card",
  12: "the NVML library was not found",
  14: "a card's infoROM is corrupted",
  15: "a card has fallen off the bus",
  255: "the driver failed",
};

/** The NVIDIA cards of this host, as nvidia-smi reports them. */
export class NvidiaSmi {
  readonly #command: Command;
  readonly #unknown = new Set<string>();
  readonly #failedRows = new Map<string, boolean>();
  #reports = 0;

  constructor(options: CommandOptions) {
    this.#command = new Command("nvidia-smi", options);
  }

  /** All cards now: what they measure, what computes on them. Never rejects; waits for nothing that hangs. */
  async report(): Promise<NvidiaReport> {
    const [cards, processes] = await Promise.all([
      this.#query("gpu", cardFields, { field: "uuid", form: uuid }),
      this.#query("compute-apps", processFields, { field: "pid", form: /^\d+$/ }),
    ]);
    if (cards.type === "absent" || cards.type === "silent") return cards;
    if (processes.type === "silent") return processes;
    if (this.#reports++ % remappedEvery === 0) await this.#readFailedRows();
    const read = cards.rows.map((row) => this.#toCard(row));
    for (const row of processes.type === "rows" ? processes.rows : [])
      read.find((card) => card.uuid === row["gpu_uuid"])?.processes.push(toProcess(row));
    if (cards.rows.some(isPartitioned)) {
      const reason = await this.#addPartitions(read);
      if (reason !== undefined) return { type: "silent", reason };
    }
    return { type: "cards", cards: read, remarks: cards.remarks };
  }

  async #query(
    what: string,
    fields: readonly string[],
    key: { field: string; form: RegExp },
  ): Promise<
    | { type: "absent" }
    | { type: "silent"; reason: string }
    | { type: "rows"; rows: NvidiaRow[]; remarks: string[] }
  > {
    const asked = fields.filter((field) => !this.#unknown.has(field));
    const end = await this.#command.run([
      `--query-${what}=${asked.join(",")}`,
      "--format=csv,noheader,nounits",
    ]);
    if (end.type === "missing") return { type: "absent" };
    if (end.type === "hung") return silent(end);
    const strange = unknownField(`${end.stdout}\n${end.stderr}`);
    if (strange !== undefined && asked.includes(strange)) {
      this.#unknown.add(strange);
      return this.#query(what, fields, key);
    }
    const { rows, remarks } = readRows(end.stdout, asked, key);
    const all = [...remarks, ...end.stderr.split("\n").filter((line) => line.trim() !== "")];
    // One card in trouble makes it fail, or only grumble, after it has listed the others.
    if (rows.length > 0) return { type: "rows", rows, remarks: all };
    const none = end.code === 6 || end.code === 15 || gone.test(all.join("\n"));
    if (none || (end.code === 0 && all.length === 0)) return { type: "rows", rows, remarks: all };
    return silent(end, all);
  }

  #toCard(row: NvidiaRow): Card {
    const total = readNumber(row["memory.total"]);
    const free = readNumber(row["memory.free"]);
    const optional = known({
      driver: row["driver_version"],
      memoryBytes: total === undefined ? undefined : total * mebibyte,
      freeBytes: free === undefined ? undefined : free * mebibyte,
      utilization: readNumber(row["utilization.gpu"]),
      temperature: readNumber(row["temperature.gpu"]),
      uncorrected: readNumber(row["ecc.errors.uncorrected.volatile.total"]),
    });
    return {
      uuid: row["uuid"]!,
      index: readNumber(row["index"]) ?? 0,
      name: row["name"] ?? "",
      faults: this.#faultsOf(row),
      processes: [],
      ...optional,
      ...(isPartitioned(row) ? { partitions: [] } : {}),
    };
  }

  #faultsOf(row: NvidiaRow): string[] {
    const faults: string[] = [];
    for (const field of vital) {
      const value = readValue(row[field]);
      if (value.type === "fault") faults.push(`Its ${field} reads ${value.text}.`);
    }
    if (row["retired_pages.pending"] === "Yes")
      faults.push("Memory pages wait to be retired; it must be reset.");
    const action = readValue(row["gpu_recovery_action"]);
    if ((action.type === "word" && action.text !== "None") || action.type === "fault")
      faults.push(`Its driver asks for: ${action.text}.`);
    if (this.#failedRows.get(row["uuid"]!)) faults.push("A faulty row of its memory could not be remapped.");
    return faults;
  }

  async #readFailedRows(): Promise<void> {
    const answer = await this.#query("remapped-rows", rowFields, { field: "gpu_uuid", form: uuid });
    if (answer.type !== "rows") return;
    for (const row of answer.rows)
      this.#failedRows.set(row["gpu_uuid"]!, /^(yes|1)$/i.test(row["remapped_rows.failure"] ?? ""));
  }

  /** Undefined when all is well, else why the partitions are not known. */
  async #addPartitions(cards: Card[]): Promise<string | undefined> {
    const [list, xml] = await Promise.all([this.#command.run(["-L"]), this.#command.run(["-q", "-x"])]);
    for (const end of [list, xml]) if (end.type !== "exited" || end.code !== 0) return silent(end).reason;
    try {
      const names = readPartitionNames(list.type === "exited" ? list.stdout : "");
      for (const partition of readPartitions(xml.type === "exited" ? xml.stdout : "")) {
        const { cardUuid, index } = partition;
        const name = names.find((each) => each.cardUuid === cardUuid && each.index === index);
        const card = cards.find((each) => each.uuid === cardUuid);
        if (name) card?.partitions?.push({ ...partition, uuid: name.uuid, profile: name.profile });
      }
      return undefined;
    } catch (error) {
      return `nvidia-smi -q -x cannot be read: ${String(error).slice(0, 200)}`;
    }
  }
}

const isPartitioned = (row: NvidiaRow): boolean => row["mig.mode.current"] === "Enabled";

function toProcess(row: NvidiaRow): GpuProcess {
  const used = readNumber(row["used_memory"]);
  const usedBytes = used === undefined ? undefined : used * mebibyte;
  return { pid: Number(row["pid"]), name: row["process_name"] ?? "", ...known({ usedBytes }) };
}

function silent(end: CommandEnd, words: readonly string[] = []): { type: "silent"; reason: string } {
  if (end.type === "missing") return { type: "silent", reason: "nvidia-smi is gone." };
  if (end.type === "hung")
    return { type: "silent", reason: `nvidia-smi has not answered within ${end.seconds} s.` };
  const lines = words.length > 0 ? words : [end.stderr, end.stdout];
  const said = lines
    .filter((line) => line.trim() !== "")
    .join(" | ")
    .replace(/\s+/g, " ")
    .trim();
  const meaning = exitCodes[end.code ?? -1];
  const how =
    end.code === 0
      ? "What nvidia-smi says cannot be read"
      : `nvidia-smi ended with exit code ${end.code ?? "unknown"}${meaning ? ` (${meaning})` : ""}`;
  return { type: "silent", reason: said === "" ? `${how}.` : `${how}: ${said.slice(0, 300)}` };
}
