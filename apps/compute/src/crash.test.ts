import { describe, expect, it } from "vitest";
import { OutOfMemory } from "@espalier/tensor";
import { explainCrash, explainError } from "@espalier/process";

const crash = (more: object) => explainCrash({ code: null, signal: null, stderr: [], oomKills: 0, ...more });
const node = (code: string) => Object.assign(new Error(`${code}: write`), { code });

describe("a compute process that ended", () => {
  it("by SIGKILL ran out of memory only if the kernel counted a kill for memory meanwhile", () => {
    expect(crash({ signal: "SIGKILL", oomKills: 1 }).code).toBe("device/out-of-memory");
    expect(crash({ signal: "SIGKILL" })).toMatchObject({
      code: "worker/child-crashed",
      message: expect.stringContaining("by SIGKILL") as string,
    });
    expect(crash({ signal: "SIGSEGV", oomKills: 1 }).code).toBe("worker/child-crashed");
  });

  it.each([
    "terminate called after throwing an instance of 'std::bad_alloc'",
    "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
    "bfc_arena.cc:376 AllocateRawInternal Available memory of 1048576 is smaller than requested bytes of 8388608",
    "CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED",
  ])("after it said `%s` ran out of memory", (line) => {
    const problem = crash({ signal: "SIGABRT", stderr: ["something before", line] });
    expect(problem.code).toBe("device/out-of-memory");
    expect(problem.message).toContain(line);
  });

  it("after it found no space ran out of disk", () => {
    expect(crash({ code: 1, stderr: ["Error: ENOSPC: no space left on device, write"] }).code).toBe(
      "worker/disk-full",
    );
  });

  it("otherwise crashed, and its last words are told", () => {
    expect(crash({ signal: "SIGSEGV", stderr: ["", "here it was"] }).message).toBe(
      "The compute process ended by SIGSEGV, a segmentation fault. It last printed: here it was",
    );
    expect(crash({ code: 3 }).message).toContain("with exit code 3");
  });
});

describe("an exception of a computation", () => {
  it("says what ran out, however deep it lies", () => {
    const inside = (cause: unknown) => new Error("could not save", { cause });
    expect(explainError(inside(inside(node("ENOSPC")))).code).toBe("worker/disk-full");
    expect(explainError(node("EDQUOT")).code).toBe("worker/disk-full");
    expect(explainError(inside(new OutOfMemory("no room"))).code).toBe("device/out-of-memory");
    expect(explainError(new RangeError("Array buffer allocation failed")).code).toBe("device/out-of-memory");
    expect(explainError(node("ENOMEM")).code).toBe("device/out-of-memory");
    expect(explainError(inside(node("EACCES")))).toMatchObject({ code: "internal/error" });
    expect(explainError("text")).toMatchObject({ code: "internal/error", message: "text" });
  });
});
