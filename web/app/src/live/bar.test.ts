import fc from "fast-check";
import { expect, test } from "vitest";
import { barShare } from "./bar";

test("a longer duration never has a shorter bar, and all are within bounds", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e6, noNaN: true }), fc.double({ min: 0, max: 1e6, noNaN: true }), (a, b) => {
      const [x, y] = [barShare(Math.min(a, b)), barShare(Math.max(a, b))];
      expect(x).toBeLessThanOrEqual(y);
      expect(x).toBeGreaterThan(0);
      expect(y).toBeLessThanOrEqual(1);
    }),
  );
  expect(barShare(0.1)).toBeCloseTo(0.5);
});
