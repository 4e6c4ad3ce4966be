/** A conversation with a language model, turn by turn, with its tokens and its cost. */
import { count, exact } from "../format/number";
import type { Conversation } from "./conversation";

export function ConversationView({ conversation }: { conversation: Conversation }) {
  const { model, turns, input, output, cost } = conversation;
  return (
    <section class="record-section">
      <h3>{turns.length ? "Conversation" : "Language model"}</h3>
      <p class="second-text small">
        {[
          model,
          input !== null && `${count(input)} tokens in`,
          output !== null && `${count(output)} tokens out`,
          cost !== null && `$${cost.toPrecision(3)}`,
        ]
          .filter(Boolean)
          .join(" · ")}
        {input !== null && output !== null && <span class="unseen"> together {exact(input + output)}</span>}
      </p>
      <ol class="turns">
        {turns.map((turn, index) => (
          <li key={`${index} ${turn.role}`} class={`turn turn-${turn.role}`}>
            <b class="small">{turn.role}</b>
            {turn.text && (
              <p class="turn-text" dir="auto">
                {turn.text}
              </p>
            )}
            {turn.tools.map((tool) => (
              <p key={tool.name + tool.arguments} class="mono turn-tool">
                {tool.name}({tool.arguments})
              </p>
            ))}
          </li>
        ))}
      </ol>
    </section>
  );
}
