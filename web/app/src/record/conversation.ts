/** What a language model was told and said, from the attributes in which the SDKs keep it; undefined where there is none. */
import type { Json } from "../api/types";

export interface Turn {
  role: string;
  text: string;
  tools: { name: string; arguments: string }[];
}

export interface Conversation {
  model: string;
  turns: Turn[];
  input: number | null;
  output: number | null;
  cost: number | null;
}

const MESSAGES = [
  "gen_ai.input.messages",
  "gen_ai.output.messages",
  "pydantic_ai.all_messages",
  "all_messages_events",
  "events",
  "gen_ai.prompt",
  "gen_ai.completion",
];

export function conversationOf(attributes: { [key: string]: Json }): Conversation | undefined {
  const turns: Turn[] = [];
  const whole = attributes["pydantic_ai.all_messages"] !== undefined;
  for (const key of MESSAGES) {
    if (whole && key.startsWith("gen_ai.")) continue;
    const value = read(attributes[key]);
    if (Array.isArray(value)) turns.push(...value.flatMap(turnOf));
    else if (typeof value === "string" && key.startsWith("gen_ai.")) {
      turns.push({ role: key.endsWith("prompt") ? "user" : "assistant", text: value, tools: [] });
    }
  }
  const request = object(read(attributes.request_data));
  const sent = read(request?.messages);
  if (!turns.length && Array.isArray(sent)) {
    turns.push(...sent.flatMap(turnOf));
    const reply = object(object(read(attributes.response_data))?.message);
    if (reply) turns.push(...turnOf(reply as Json));
  }
  const model = text(attributes["gen_ai.response.model"] ?? attributes["gen_ai.request.model"] ?? request?.model);
  const input = number(attributes["gen_ai.usage.input_tokens"]);
  const output = number(attributes["gen_ai.usage.output_tokens"]);
  if (!turns.length && input === null && !model) return undefined;
  return { model, turns, input, output, cost: number(attributes["operation.cost"] ?? attributes["gen_ai.usage.cost"]) };
}

/** Attributes besides those that are shown as the conversation. */
export function withoutMessages(attributes: { [key: string]: Json }): { [key: string]: Json } {
  return Object.fromEntries(Object.entries(attributes).filter(([key]) => !MESSAGES.includes(key)));
}

function turnOf(value: Json): Turn[] {
  const message = object(value);
  if (!message) return [];
  const inner = object(message.message);
  if (inner && !message.content) return turnOf(inner as Json);
  const role = text(message.role) || text(message["event.name"]).replace(/^gen_ai\.|\.message$/g, "");
  if (!role) return [];
  const parts = Array.isArray(message.parts)
    ? message.parts
    : Array.isArray(message.content)
      ? message.content
      : [message.content ?? null];
  const turn: Turn = { role, text: "", tools: [] };
  const said: string[] = [];
  for (const part of parts) {
    const piece = object(part);
    if (!piece) {
      if (part !== null && part !== undefined) said.push(text(part));
    } else if (/tool_call$/.test(text(piece.type)) && !/response/.test(text(piece.type))) {
      turn.tools.push({ name: text(piece.name), arguments: text(piece.arguments) });
    } else said.push(text(piece.content ?? piece.text ?? piece.result ?? piece.response ?? null));
  }
  if (Array.isArray(message.tool_calls)) {
    for (const call of message.tool_calls) {
      const made = object(object(call)?.function) ?? object(call);
      if (made) turn.tools.push({ name: text(made.name), arguments: text(made.arguments) });
    }
  }
  turn.text = said.filter(Boolean).join("\n");
  return turn.text || turn.tools.length ? [turn] : [];
}

/** Some SDKs keep JSON as text. */
function read(value: Json | undefined): Json | undefined {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value) as Json;
  } catch {
    return value;
  }
}

function object(value: Json | undefined): { [key: string]: Json } | undefined {
  return value !== null && typeof value === "object" && !Array.isArray(value) ? value : undefined;
}

function text(value: Json | undefined): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value, null, 1);
}

function number(value: Json | undefined): number | null {
  return typeof value === "number" ? value : null;
}
