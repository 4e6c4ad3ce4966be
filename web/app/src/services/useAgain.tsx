/** A button in the bar that asks again, and `r`: the answer is of one moment, and nothing moves by itself. */
import { useBar } from "../frame/Bar";
import { useKeys } from "../frame/keys";

export function useAgain(again: () => void, loading: boolean): void {
  useKeys("Services", [{ keys: "r", words: "Look again", act: again }]);
  useBar(
    <button type="button" class="button" title="Look again" aria-label="Look again" onClick={again} disabled={loading}>
      <span aria-hidden="true">↻</span>
    </button>,
  );
}
