import { describe, expect, it } from "vitest";
import { explainError } from "@espalier/process";
import { OutOfMemory } from "@espalier/tensor";

const node = (code: string) => Object.assign(new Error(`${code}: write`), { code });

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
