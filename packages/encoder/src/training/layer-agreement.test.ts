import { expect, it } from "vitest";
import { Random } from "../random.ts";
import { layerAgreement } from "./layer-agreement.ts";

const random = Random.seeded(5);
const draw = () => Float32Array.from({ length: 12 }, () => random.uniform() - 0.5);
const [shallow, whole] = [draw(), draw()];

it("is nothing between the same vectors, and has the gradients of finite differences", () => {
  expect(layerAgreement(whole, whole, 4).loss).toBeCloseTo(0, 12);
  const { loss, ...gradients } = layerAgreement(shallow, whole, 4);
  expect(loss).toBeGreaterThan(0.01);
  for (let i = 0; i < 12; i++) {
    const atShallow = (by: number) => layerAgreement(shallow.with(i, shallow[i]! + by), whole, 4).loss;
    expect(gradients.shallow[i]).toBeCloseTo((atShallow(1e-3) - atShallow(-1e-3)) / 2e-3, 4);
    const atWhole = (by: number) => layerAgreement(shallow, whole.with(i, whole[i]! + by), 4).loss;
    expect(gradients.whole[i]).toBeCloseTo((atWhole(1e-3) - atWhole(-1e-3)) / 2e-3, 4);
  }
});
