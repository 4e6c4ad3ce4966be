import { describe, expect, it } from "vitest";
import { found, operationText } from "./find";
import { span } from "./sample";
import { buildForest } from "./tree";

const forest = buildForest([
  span("a", null, 0, 9, { message: "POST /orders" }),
  span("b", "a", 1, 2, { message: "SELECT items", service_name: "db", exception_type: "Timeout" }),
  span("c", "a", 3, 4, { message: "select again", service_name: "db two" }),
]);

describe("the search within a trace", () => {
  it("needs all words, of any case, in whatever the record says", () => {
    expect(found(forest, "select")).toEqual(["b", "c"]);
    expect(found(forest, "SELECT timeout")).toEqual(["b"]);
    expect(found(forest, '"select items"')).toEqual(["b"]);
    expect(found(forest, "service:db")).toEqual(["b"]);
    expect(found(forest, "  ")).toBeNull();
    expect(found(forest, "nowhere")).toEqual([]);
  });

  it("finds an operation by the text for it", () => {
    expect(operationText("db two", "c")).toBe('service:"db two" c');
    expect(found(forest, operationText("db two", "c"))).toEqual(["c"]);
  });
});
