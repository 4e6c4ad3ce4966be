"""A scene of the shop's assistant: a language model that asks tools until it knows an answer, by OpenTelemetry's conventions for such."""

import json
from typing import Any

from andiron.demo.backing import answered, called, handled, query, status_of
from andiron.demo.browsing import API
from andiron.demo.cast import ASSISTANT, CUSTOMERS, ITEMS
from andiron.demo.scene import CLIENT, Scene
from andiron.demo.weather import Weather

MODEL = "larch-2-mini"
QUESTIONS = (
    (
        "My stove smokes when I light it. What do I need?",
        "chimney brush",
        "A cold flue smokes. Sweep it with the chimney brush, then warm it with a twist of paper.",
    ),
    (
        "Which andiron fits a hearth of 60 cm?",
        "andiron",
        "The wrought iron andiron is 42 cm deep and leaves room for air on both sides.",
    ),
    (
        "Is the fire screen safe with small children?",
        "fire screen",
        "It keeps sparks in, and it gets hot: fasten it to the wall and keep a metre of distance.",
    ),
)


def question(scene: Scene, weather: Weather) -> None:
    """A customer asks; the model looks twice and answers."""
    asked, words, answer = scene.chance.choice(QUESTIONS)
    who = scene.chance.choice(CUSTOMERS)
    values = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": "shop assistant",
        "gen_ai.conversation.id": f"conv-{scene.identity(4).hex()}",
        "user.id": who,
    }
    with scene.span(ASSISTANT, "invoke_agent shop assistant", values, message="shop assistant run") as agent:
        told: list[dict[str, Any]] = [
            said("system", "You help customers of a shop for fireplaces. Be brief."),
            said("user", asked),
        ]
        call: dict[str, Any] = {
            "type": "tool_call",
            "id": f"call_{scene.identity(3).hex()}",
            "name": "search_items",
            "arguments": {"words": words},
        }
        tokens = chat(scene, told, call)
        found = tool(scene, weather, words, call["id"])
        told += [
            {"role": "assistant", "parts": [call]},
            {"role": "tool", "parts": [{"type": "tool_call_response", "id": call["id"], "response": found}]},
        ]
        more = chat(scene, told, {"type": "text", "content": answer})
        agent["gen_ai.usage.input_tokens"] = tokens[0] + more[0]
        agent["gen_ai.usage.output_tokens"] = tokens[1] + more[1]
        agent["final_result"] = answer
        scene.log("info", "answered {who} with {tokens} tokens", who=who, tokens=sum(tokens) + sum(more))


def said(role: str, text: str) -> dict[str, Any]:
    """A message of a conversation."""
    return {"role": role, "parts": [{"type": "text", "content": text}]}


def chat(scene: Scene, told: list[dict[str, Any]], reply: dict[str, Any]) -> tuple[int, int]:
    """One request to the model; the tokens that went in and came out."""
    text = json.dumps(told, ensure_ascii=False)
    used = 180 + len(text) // 4, 12 + len(json.dumps(reply)) // 4
    values = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "larch",
        "gen_ai.request.model": MODEL,
        "gen_ai.request.temperature": 0.2,
        "gen_ai.input.messages": text,
        "server.address": "models.larch.example",
        "server.port": 443,
    }
    with scene.span(ASSISTANT, f"chat {MODEL}", values, kind=CLIENT, message=f"chat {MODEL}") as call:
        scene.takes(700, 4200)
        reason = "tool_call" if reply["type"] == "tool_call" else "stop"
        call["gen_ai.response.model"] = f"{MODEL}-2026-09"
        call["gen_ai.response.finish_reasons"] = [reason]
        call["gen_ai.usage.input_tokens"], call["gen_ai.usage.output_tokens"] = used
        call["gen_ai.output.messages"] = json.dumps(
            [{"role": "assistant", "parts": [reply], "finish_reason": reason}], ensure_ascii=False
        )
        call["operation.cost"] = round(used[0] * 2.5e-7 + used[1] * 1e-6, 7)
    return used


def tool(scene: Scene, weather: Weather, words: str, call_id: str) -> str:
    """The tool that the model asked for: a search in the shop."""
    found = json.dumps([{"id": number, "name": name, "price": price} for number, name, price in ITEMS if words in name])
    values = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "search_items",
        "gen_ai.tool.call.id": call_id,
        "gen_ai.tool.call.arguments": json.dumps({"words": words}),
        "gen_ai.tool.call.result": found,
    }
    path = f"/search?q={words.replace(' ', '+')}"
    with (
        scene.span(ASSISTANT, "execute_tool search_items", values, message="running tool: search_items"),
        called(scene, ASSISTANT, "GET", f"{API}{path}") as request,
    ):
        with handled(scene, weather.api, "GET", "/search", path, "api.internal", words=words) as search:
            query(scene, weather.api, "SELECT id, name FROM items WHERE text ILIKE $1 LIMIT 5", (4, 25), rows=1)
            answered(scene, search, 200)
        request["http.response.status_code"] = status_of(search)
    return found
