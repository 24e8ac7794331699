import { expect, test } from "vitest";
import { whyNotOnCuda } from "./cuda.ts";

test.each([
  [
    "libcuda.so.1: cannot open shared object file: No such file or directory",
    "There is no CUDA device on this host: NVIDIA's driver is not installed (libcuda.so.1).",
  ],
  [
    "libcudnn.so.9: cannot open shared object file: No such file or directory",
    "libcudnn.so.9 is missing on this host.",
  ],
  [
    "CUDA failure 100: no CUDA-capable device is detected ; GPU=-1 ; hostname=vm",
    "There is no CUDA device on this host that its driver can use.",
  ],
  [
    "CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version",
    "There is no CUDA device on this host that its driver can use.",
  ],
])("what the loader and the driver say is told for people: %s", (message, told) => {
  expect(whyNotOnCuda(message)).toBe(told);
});

test("other errors are left to whoever knows them", () => {
  expect(whyNotOnCuda("Non-zero status code returned while running MatMul node.")).toBeUndefined();
});
