import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { fitting, type Given, hashed, readGiven } from "./hue";

/** Names, one after the other, as a page meets them. */
function gave(names: string[]): Given {
  const given: Given = new Map();
  for (const name of names) given.set(name, fitting(name, given));
  return given;
}

test("a name alone has the hue of its hash", () => {
  expect(fitting("api", new Map())).toBe(hashed("api"));
});

test("names whose hashes meet are told apart", () => {
  const names = ["web", "stock", "assistant"];
  expect(new Set(names.map(hashed)).size).toBeLessThan(names.length);
  expect(new Set(gave(names).values()).size).toBe(names.length);
});

test("up to ten names have ten hues, and no hue is given twice more often than another", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string(), { maxLength: 30 }), (names) => {
      const uses = new Map<number, number>();
      for (const taken of gave(names).values()) uses.set(taken, (uses.get(taken) ?? 0) + 1);
      expect(uses.size).toBe(Math.min(names.length, 10));
      expect(Math.max(0, ...uses.values())).toBe(Math.ceil(names.length / 10));
    }),
  );
});

test("what a name was given stays, whoever comes later", () => {
  const given = gave(["web", "stock"]);
  const before = given.get("stock");
  for (const name of ["assistant", "api", "worker"]) given.set(name, fitting(name, given));
  expect(fitting("stock", given)).toBe(before);
});

test("what was kept is read as far as it makes sense", () => {
  expect(readGiven('[["api", 3], ["web", 10], ["x"], 7, ["y", "2"]]')).toEqual(new Map([["api", 3]]));
  expect(readGiven("{")).toEqual(new Map());
  expect(readGiven('{"api": 3}')).toEqual(new Map());
  expect(readGiven(null)).toEqual(new Map());
});

test("a page's colours are kept in the browser", async () => {
  vi.resetModules();
  localStorage.removeItem("andiron.hues");
  const { hue } = await import("./hue");
  expect(hue("api")).toBe(hue("api"));
  hue("web");
  await Promise.resolve();
  const kept = readGiven(localStorage.getItem("andiron.hues"));
  expect(`var(--hue-${kept.get("web")})`).toBe(hue("web"));
});
