/** The pages start here: who looks, then the frame with the page of the address in it. */
import { render } from "preact";
import "./style/tokens.css";
import "./style/base.css";
import { loadMe } from "./api/me";
import { Frame } from "./frame/Frame";

const place = document.getElementById("app");
if (place) {
  render(<Frame />, place);
  loadMe().catch(() => {
    // The frame shows that nobody answers, and asks again.
  });
}
