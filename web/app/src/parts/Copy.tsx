/** A button that copies a text and says that it did. */
import { useState } from "preact/hooks";

export function Copy({
  text,
  words = "Copy",
  class: name = "button small quiet",
}: {
  text: string | (() => string);
  words?: string;
  class?: string;
}) {
  const [done, setDone] = useState(false);
  async function copy() {
    await putOnClipboard(typeof text === "function" ? text() : text);
    setDone(true);
    setTimeout(() => setDone(false), 1200);
  }
  return (
    <button type="button" class={name} onClick={copy}>
      <span aria-live="polite">{done ? "Copied" : words}</span>
    </button>
  );
}

/** The clipboard's own way needs https or localhost; elsewhere the old one still works. */
export async function putOnClipboard(text: string): Promise<void> {
  if (navigator.clipboard && isSecureContext) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "unseen";
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}
