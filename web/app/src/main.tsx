/** The pages start here: who looks, then the frame with the page of the address in it. */
import { render } from "preact";
import "./style/tokens.css";
import "./style/base.css";
import { loadMe } from "./api/me";
import { Frame } from "./frame/Frame";
import { pageOf } from "./frame/pages";
import { path } from "./state/address";

// Both are on their way before anything is painted: who looks, and the code of the page of this address.
const known = loadMe();
pageOf(path.value)
  ?.load()
  .catch(() => {
    // The frame asks for it again, and says what went wrong.
  });

const place = document.getElementById("app");
if (place) {
  render(<Frame />, place);
  known.catch(() => {
    // The frame shows that nobody answers, and asks again.
  });
}
