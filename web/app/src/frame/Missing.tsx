/** An address that no page has. */
import { Nothing } from "../parts/Panel";
import { link } from "../state/address";
import { useTitle } from "./useTitle";

export function Missing() {
  useTitle("No such page");
  return (
    <Nothing title="There is no page at this address">
      <p class="second-text">
        The link may be cut off. <a href={link("")}>Go to the live page</a>
      </p>
    </Nothing>
  );
}
