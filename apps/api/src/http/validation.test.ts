import { describe, expect, it } from "vitest";
import {
  DatasetCreateQuery,
  ExperimentSpec,
  isProblem,
  newId,
  PageQuery,
  RunCreate,
  type Problem,
} from "@espalier/contract";
import type { TSchema } from "typebox";
import { compileValidator } from "./validation.ts";

const validate = (schema: TSchema, httpPart: "body" | "querystring", data: unknown) => {
  const compiled = compileValidator({ schema, httpPart, method: "POST", url: "/" });
  return compiled(data) as { value?: unknown; error?: Problem };
};
const fault = (schema: TSchema, data: unknown) => {
  const { error } = validate(schema, "body", data);
  expect(isProblem(error)).toBe(true);
  return { code: error!.code, detail: error!.message, field: error!.facts.field };
};

const model = newId("model");

describe("a body", () => {
  it("passes unchanged, without coercion or defaults", () => {
    const body = { spec: { kind: "prune", model, layers: 3 } };
    expect(validate(RunCreate, "body", body).value).toBe(body);
    expect(fault(RunCreate, { ...body, priority: "1" }).field).toBe("/priority");
  });

  it("is refused for a field that does not exist, by name", () => {
    expect(fault(RunCreate, { spec: { kind: "prune", model, layers: 3, deepth: 1 } })).toEqual({
      code: "request/invalid",
      field: "/spec/deepth",
      detail: "/spec/deepth is not a field of this request.",
    });
  });

  it("is judged by the alternative that its kind names", () => {
    expect(
      fault(RunCreate, {
        spec: { kind: "train", model, datasetId: newId("dataset"), settings: { steps: 0 } },
      }),
    ).toEqual({
      code: "request/invalid",
      field: "/spec/settings/steps",
      detail: "/spec/settings/steps must be >= 1.",
    });
    expect(fault(RunCreate, { spec: { kind: "evaluate", model } })).toMatchObject({
      field: "/spec/datasetIds",
      detail: "/spec/datasetIds is missing.",
    });
  });

  it("is refused for depth 0, an empty list and an id of another noun", () => {
    expect(fault(RunCreate, { spec: { kind: "prune", model, layers: 0 } }).field).toBe("/spec/layers");
    const experiment = {
      name: "x",
      modelId: model,
      triplets: newId("dataset"),
      evaluation: [newId("dataset")],
    };
    expect(fault(ExperimentSpec, { ...experiment, evaluation: [] }).field).toBe("/evaluation");
    expect(fault(ExperimentSpec, { ...experiment, modelId: newId("run") }).field).toBe("/modelId");
  });

  it("is refused when it is nothing at all", () => {
    for (const body of [undefined, null, [], "text", 3])
      expect(fault(RunCreate, body).code).toBe("request/invalid");
  });
});

describe("a query string", () => {
  it("is converted to the schema's types and gets its defaults", () => {
    expect(
      validate(DatasetCreateQuery, "querystring", { name: "a", kind: "sts", header: "true" }).value,
    ).toEqual({
      name: "a",
      kind: "sts",
      header: true,
      replace: false,
      skipErrors: false,
    });
  });

  it.each(["true", "", " ", "0x10", "Infinity", "null"])("takes %j for no number", (limit) => {
    expect(validate(PageQuery, "querystring", { limit }).error?.facts.field).toBe("/limit");
    expect(validate(PageQuery, "querystring", { limit: "7" }).value).toMatchObject({ limit: 7 });
  });

  it("is refused for a parameter that does not exist", () => {
    expect(
      validate(DatasetCreateQuery, "querystring", { name: "a", kind: "sts", colums: "x" }).error?.facts.field,
    ).toBe("/colums");
  });
});
