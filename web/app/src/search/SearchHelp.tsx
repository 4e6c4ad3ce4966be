/** The language of the search box in a dozen examples, each a click away from being asked. */
import { Menu } from "../parts/Menu";
import "./help.css";

const EXAMPLES: { text: string; words: string }[] = [
  { text: "refused", words: "message, body, exception or span name has the word" },
  { text: '"card refused"', words: "has these words together" },
  { text: "level:warn,error", words: "one of several values" },
  { text: "service:api -env:staging", words: "both; a minus leaves out" },
  { text: "duration>100ms", words: "also >=, <, <=; or a range: 10ms..1s" },
  { text: "status>=500", words: "the status of an HTTP request" },
  { text: "http.route:/items/*", words: "any attribute; * stands for anything" },
  { text: "user.id:*", words: "the attribute is there at all" },
  { text: "is:error OR has:exception", words: "is: error, pending, root, span, log" },
  { text: "NOT (service:web level:info)", words: "parentheses group" },
  { text: "WHERE duration > 1 AND service_name = 'api'", words: "or a condition in SQL" },
];

export function SearchHelp({ take }: { take: (text: string) => void }) {
  return (
    <Menu
      class="button quiet small search-sign"
      side="right"
      name="How to search"
      label={<span aria-hidden="true">?</span>}
    >
      {(close) => (
        <div class="search-help">
          {EXAMPLES.map((example) => (
            <button
              key={example.text}
              type="button"
              class="menu-item search-example"
              onClick={() => {
                close();
                take(example.text);
              }}
            >
              <code>{example.text}</code>
              <span class="quiet-text small">{example.words}</span>
            </button>
          ))}
        </div>
      )}
    </Menu>
  );
}
