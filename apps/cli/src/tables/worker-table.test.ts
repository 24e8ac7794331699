import type { Device, Worker } from "@espalier/contract";
import { expect, test } from "vitest";
import { workerLines, workerState } from "./worker-table.ts";

const now = Date.parse("2026-11-25T12:00:00Z");
const device = (more: Partial<Device> = {}): Device => ({
  id: "dev_1",
  address: "cuda:0",
  identity: "cuda:GPU-1",
  kind: "cuda",
  name: "NVIDIA H100 80GB HBM3",
  engine: "onnx-cuda",
  memoryBytes: 80e9,
  software: false,
  holds: [],
  busy: false,
  runIds: [],
  measured: { freeBytes: 50e9, utilization: 97, temperature: 61 },
  ...more,
});
const worker = (more: Partial<Worker> = {}): Worker => ({
  id: "wrk_1",
  name: "gpu-1",
  host: "h",
  version: "0.1.0",
  state: "ACTIVE",
  labels: { zone: "a" },
  devices: [device({ busy: true, runIds: ["run_1"] })],
  startedAt: "2026-11-25T09:30:00Z",
  lastSeenAt: "2026-11-25T11:59:57Z",
  ...more,
});

test("a line per device, with what it measures and what it does", () => {
  const cpu = device({
    address: "cpu",
    name: "EPYC, 64 cores",
    engine: "onnx-cpu",
    measured: undefined,
    busy: true,
  } as never);
  const software = device({
    address: "vulkan:1",
    name: "llvmpipe",
    software: true,
    memoryBytes: 0,
    measured: {},
  });
  expect(workerLines([worker({ devices: [...worker().devices, cpu, software] })], now)).toEqual([
    "WORKER  STATE    SINCE  VERSION  DEVICE    NAME                   ENGINE     MEMORY USED                  UTIL   TEMP  RUN             LABELS  SEEN",
    "gpu-1   ACTIVE  2h 30m  0.1.0    cuda:0    NVIDIA H100 80GB HBM3  onnx-cuda  ███░░░░░ 30.0 GB of 80.0 GB  97 %  61 °C  run_1           zone=a    3s",
    "                                 cpu       EPYC, 64 cores         onnx-cpu   of 80.0 GB                      –      –  another team's",
    "                                 vulkan:1  llvmpipe (software)    onnx-cuda  –                               –      –  –",
  ]);
});

test("why something takes no runs is said below, by whom and for how long", () => {
  const since = "2026-11-25T11:58:00Z";
  const holds = [
    { cause: "cordon" as const, since, reason: "Its fan is loud.", by: "key_1 (ops)" },
    {
      cause: "foreign-process" as const,
      since,
      reason: "Not of the pool: python (process 7).",
      by: "worker",
    },
  ];
  const drain = { since, now: false, reason: "New driver.", by: "key_1 (ops)" };
  const lines = workerLines([worker({ drain, devices: [device({ holds })] })], now);
  expect(lines[1]).toContain("held: cordon, foreign-process");
  expect(lines.slice(2)).toEqual([
    "",
    "gpu-1: takes no new runs for 2m 0s: New driver. (by key_1 (ops))",
    "gpu-1 cuda:0: cordon for 2m 0s: Its fan is loud. (by key_1 (ops))",
    "gpu-1 cuda:0: foreign-process for 2m 0s: Not of the pool: python (process 7).",
  ]);
});

test("the state of a worker says whether it drains, has drained, or would if it lived", () => {
  const drain = { since: "2026-11-25T11:58:00Z", now: false };
  expect(workerState(worker())).toBe("ACTIVE");
  expect(workerState(worker({ drain }))).toBe("DRAINING");
  expect(workerState(worker({ drain: { ...drain, doneAt: drain.since } }))).toBe("DRAINED");
  expect(workerState(worker({ drain, state: "LOST" }))).toBe("LOST, draining");
  expect(workerState(worker({ drain: { ...drain, doneAt: drain.since }, state: "STOPPED" }))).toBe(
    "STOPPED, drained",
  );
});

test("a pool without workers is an empty table", () => {
  expect(workerLines([], now)).toHaveLength(1);
});
