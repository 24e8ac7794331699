import { describe, expect, it } from "vitest";
import { explainCrash } from "./crash.ts";

const crash = (more: object) => explainCrash({ code: null, signal: null, stderr: [], oomKills: 0, ...more });

describe("a compute process that ended", () => {
  it("by SIGKILL ran out of memory only if the kernel counted a kill for memory meanwhile", () => {
    expect(crash({ signal: "SIGKILL", oomKills: 1 }).code).toBe("device/out-of-memory");
    expect(crash({ signal: "SIGKILL" })).toMatchObject({
      code: "worker/child-crashed",
      message: expect.stringContaining("by SIGKILL") as string,
    });
    expect(crash({ signal: "SIGSEGV", oomKills: 1 }).code).toBe("worker/child-crashed");
  });

  it("by SIGKILL where nobody counts such kills most likely ran out of memory", () => {
    expect(crash({ signal: "SIGKILL", oomKills: undefined })).toMatchObject({
      code: "worker/child-crashed",
      message: "The compute process ended by SIGKILL, most likely because memory ran out.",
    });
  });

  it.each([
    "terminate called after throwing an instance of 'std::bad_alloc'",
    "  what():  Resource temporarily unavailable",
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

  it("otherwise crashed, and the problem quotes what it last printed", () => {
    expect(crash({ signal: "SIGSEGV", stderr: ["", "here it was"] }).message).toBe(
      "The compute process ended by SIGSEGV, a segmentation fault. It last printed: here it was",
    );
    expect(crash({ code: 3 }).message).toContain("with exit code 3");
  });
});
