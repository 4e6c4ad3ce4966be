import { expect, test } from "vitest";
import { conversationOf } from "./conversation";

test("messages in parts, with a call of a tool and its answer", () => {
  const conversation = conversationOf({
    "gen_ai.request.model": "small-1",
    "gen_ai.usage.input_tokens": 12,
    "gen_ai.usage.output_tokens": 3,
    "pydantic_ai.all_messages": JSON.stringify([
      { role: "user", parts: [{ type: "text", content: "how many rakes?" }] },
      { role: "assistant", parts: [{ type: "tool_call", name: "stock", arguments: { item: "rake" } }] },
      { role: "user", parts: [{ type: "tool_call_response", name: "stock", result: "7" }] },
      { role: "assistant", parts: [{ type: "text", content: "Seven." }] },
    ]),
  });
  expect(conversation?.turns.map((turn) => [turn.role, turn.text, turn.tools.map((tool) => tool.name)])).toEqual([
    ["user", "how many rakes?", []],
    ["assistant", "", ["stock"]],
    ["user", "7", []],
    ["assistant", "Seven.", []],
  ]);
  expect([conversation?.model, conversation?.input, conversation?.output]).toEqual(["small-1", 12, 3]);
});

test("OpenAI's request and response", () => {
  const conversation = conversationOf({
    request_data: { model: "gpt", messages: [{ role: "user", content: "hi" }] },
    response_data: {
      message: { role: "assistant", content: "hello", tool_calls: [{ function: { name: "f", arguments: "{}" } }] },
    },
  });
  expect(conversation?.turns).toEqual([
    { role: "user", text: "hi", tools: [] },
    { role: "assistant", text: "hello", tools: [{ name: "f", arguments: "{}" }] },
  ]);
});

test("other records hold none", () =>
  expect(conversationOf({ "http.route": "/x", events: "no list" })).toBeUndefined());
