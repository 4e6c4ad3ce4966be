import { expect, test } from "vitest";
import { breadcrumbsOf } from "./breadcrumbs";

test("the SDK's text is a list of events", () => {
  const text = '[{"time":"2026-11-21T12:00:00.000Z","category":"ui","message":"Save pressed","data":{"form":"order"}}]';
  expect(breadcrumbsOf(text)).toEqual([
    { time: "2026-11-21T12:00:00.000Z", category: "ui", message: "Save pressed", data: { form: "order" } },
  ]);
});

test.each([undefined, "", "no JSON", "[]", '["a"]', '[{"message":"without a time"}]'])("%j is none", (value) => {
  expect(breadcrumbsOf(value)).toBeUndefined();
});
