import { expect, test } from "vitest";
import { soleWord } from "./AlsoAs";

test.each([
  ["katja", "katja"],
  ['"katja"', "katja"],
  ["order-1841", "order-1841"],
])("%j may be the value of an attribute", (q, word) => expect(soleWord(q)).toBe(word));

test.each([
  "",
  "a",
  "two words",
  "user:katja",
  "-katja",
  "level>=warn",
  "0af7651916cd43dd8448eb211c80319c",
  "WHERE true",
])("%j is no single word", (q) => expect(soleWord(q)).toBeUndefined());
