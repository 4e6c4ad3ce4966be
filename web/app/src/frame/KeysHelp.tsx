/** All keys that count on this page. */
import { Dialog } from "../parts/Dialog";
import { shownKeys } from "./keys";
import "./keys.css";

const NAMES: Record<string, string> = {
  ArrowDown: "↓",
  ArrowUp: "↑",
  ArrowLeft: "←",
  ArrowRight: "→",
  Escape: "Esc",
  " ": "Space",
};

export function KeysHelp({ close }: { close: () => void }) {
  return (
    <Dialog title="Keys" close={close}>
      <div class="keys">
        {shownKeys().map((group) => (
          <section key={group.title}>
            <h3>{group.title}</h3>
            <dl>
              {group.bindings.map((binding) => (
                <div key={binding.keys} class="keys-line">
                  <dt>
                    {binding.keys.split(" ").map((key) => (
                      <kbd key={key}>{NAMES[key] ?? key}</kbd>
                    ))}
                  </dt>
                  <dd>{binding.words}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
