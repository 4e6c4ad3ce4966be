/** The name of a service with its colour. */
import { hue } from "../format/hue";
import "./service.css";

export function Service({ name }: { name: string }) {
  return (
    <span class="service cut" title={name}>
      <span class="service-dot" style={{ background: hue(name) }} aria-hidden="true" />
      {name || "no service"}
    </span>
  );
}
