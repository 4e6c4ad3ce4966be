import { expect, test } from "vitest";
import type { KeyHint } from "../api/types";
import { contextOf } from "./context";
import { type Offer, offersOf, pastOffers, placeOffers, remembered, taken, valuesWanted } from "./offers";

const KEYS: KeyHint[] = [
  { name: "service", kind: "column", type: "text", hint: "service_name" },
  { name: "status", kind: "column", type: "number", hint: "status:404" },
  { name: "shop.cart", kind: "attribute", type: "text" },
];

function offered(text: string, values: { value: string; count: number }[] = []) {
  return offersOf(contextOf(text, text.length), KEYS, values);
}

test("keys, with the colon that follows a text, and what they are", () => {
  expect(offered("s").map((offer) => [offer.insert, offer.detail])).toEqual([
    ["service:", "service_name"],
    ["status", "status:404"],
    ["shop.cart:", "attribute, text"],
  ]);
});

test("behind a whole key its operators: those of order for numbers only", () => {
  const signs = (text: string) =>
    offered(text)
      .filter((offer) => offer.kind === "operator")
      .map((offer) => offer.insert);
  expect(signs("status")).toContain("status>=");
  expect(signs("service")).toEqual(["service:", "service!=", "service:*"]);
});

test("values are quoted where the language needs it, and a space follows", () => {
  const [offer] = offered("a -service:my", [{ value: "my shop", count: 3 }]);
  expect(offer && taken("a -service:my", offer)).toEqual({ text: 'a -service:"my shop" ', caret: 21 });
});

test("the rest of the text stays, and the caret goes behind the space that is there", () => {
  const text = "service:ap boom";
  const [offer] = offersOf(contextOf(text, 10), KEYS, [{ value: "api", count: 1 }]);
  expect(offer && taken(text, offer)).toEqual({ text: "service:api boom", caret: 12 });
});

test("durations are not asked for, but there are ideas", () => {
  expect(valuesWanted(contextOf("duration>1", 10))).toBeUndefined();
  expect(offered("duration>1").map((offer) => offer.insert)).toEqual(["10ms", "100ms", "1s", "10s", "100ms..1s"]);
  expect(valuesWanted(contextOf("env:pro", 7))).toEqual({ key: "env", prefix: "pro" });
});

test("earlier searches: the latest first, each once, twenty at most", () => {
  expect(remembered(["b", "a"], "a")).toEqual(["a", "b"]);
  expect(remembered(["b"], "")).toEqual(["b"]);
  expect(
    remembered(
      Array.from({ length: 20 }, (_, n) => `${n}`),
      "new",
    ),
  ).toHaveLength(20);
  expect(pastOffers("LEV", ["level:error", "boom"]).map((offer) => offer.insert)).toEqual(["level:error"]);
  expect(pastOffers("", ["a", "b"])).toHaveLength(2);
});

test("a word that is the value of an attribute is offered as such", () => {
  const context = contextOf("error katja", 11);
  const offers = placeOffers(context, [{ key: "user.id", count: 140, more: false }]);
  expect(offers.map((offer) => [offer.show, offer.detail, taken("error katja", offer as Offer).text])).toEqual([
    ["user.id:katja", "140", "error user.id:katja "],
  ]);
});
