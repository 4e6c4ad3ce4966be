/** A section that can be folded; what is in it is made when it is first opened, since a record may be large. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

interface Props {
  title: string;
  size?: number;
  open?: boolean;
  children: () => ComponentChildren;
}

export function Fold({ title, size, open = false, children }: Props) {
  const [made, setMade] = useState(open);
  return (
    <details class="record-section" open={open} onToggle={(event) => event.currentTarget.open && setMade(true)}>
      <summary>
        <h3>{title}</h3> {size !== undefined && <span class="quiet-text small">{size}</span>}
      </summary>
      {made && children()}
    </details>
  );
}
