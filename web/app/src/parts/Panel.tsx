/** The states of a panel besides its content: waiting, failed, nothing there. */
import type { ComponentChildren } from "preact";
import type { Problem } from "../api/types";
import "./panel.css";

export function Loading({ words = "Loading" }: { words?: string }) {
  return (
    <div class="panel-state quiet-text" role="status">
      {words} …
    </div>
  );
}

export function Failed({ problem, again }: { problem: Problem; again?: (() => void) | undefined }) {
  return (
    <div class="panel-state" role="alert">
      <p class="panel-title level-error">
        <span aria-hidden="true">✕ </span>
        {problem.title}
      </p>
      <p class="second-text">{problem.detail}</p>
      {again && (
        <button type="button" class="button" onClick={again}>
          Try again
        </button>
      )}
    </div>
  );
}

export function Nothing({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="panel-state">
      <p class="panel-title">{title}</p>
      {children}
    </div>
  );
}

/** A line above a panel whose content is older than the question. */
export function Stale({ problem, again }: { problem: Problem; again?: () => void }) {
  return (
    <div class="panel-stale row small" role="alert">
      <span class="level-error" aria-hidden="true">
        ✕
      </span>
      <span class="spread">{problem.detail}</span>
      {again && (
        <button type="button" class="button small" onClick={again}>
          Try again
        </button>
      )}
    </div>
  );
}
