/** The name of a service with its colour. A name written from the right stays a name among words from the left. */
import { hue } from "../format/hue";
import "./service.css";

export function Service({ name }: { name: string }) {
  return (
    <span class="service cut" title={name}>
      <span class="service-dot" style={{ background: hue(name) }} aria-hidden="true" />
      <bdi>{name || "no service"}</bdi>
    </span>
  );
}
