/** Who looks, and at which projects. Asked at the start, after signing in or out, and every now and then by the frame. */
import { effect, signal } from "@preact/signals";
import { go, link, param, path, projectNamed, set } from "../state/address";
import { ask, endpoint, project, signedOut } from "./client";
import type { Me } from "./types";

export const me = signal<Me | undefined>(undefined);

// The address says which project is shown, so that a link opens the same one elsewhere.
project.value = projectNamed.peek();
effect(() => {
  const named = projectNamed.value;
  const known = me.value;
  if (known) project.value = opened(known, named) ? named : (known.project ?? "");
});

export async function loadMe(abort?: AbortSignal): Promise<void> {
  take(await ask<Me>(endpoint("pages/api/me"), abort ? { abort } : {}));
}

export async function signIn(token: string): Promise<void> {
  take(await ask<Me>(endpoint("pages/api/sign-in"), { body: { token } }));
}

export async function signOut(): Promise<void> {
  await ask<void>(endpoint("pages/api/sign-out"), { method: "POST", body: {} });
  set({ project: null }, { replace: true });
  project.value = "";
  await loadMe();
}

/** Show another project: the same page at the same time, without what it chose in this one. */
export function chooseProject(name: string): void {
  const [page = "", ...rest] = path.value.split("/");
  const same = page === "trace" ? "traces" : page === "settings" ? [page, ...rest].join("/") : page;
  go(link(same, { project: name, from: param("from"), to: param("to") }));
}

/** Whether the reader may look at a project. */
export function opened(who: Me, name: string): boolean {
  return who.projects.some((each) => each.name === name);
}

/** Whether the reader may change the project that is shown: its tokens, its retention. */
export function mayManage(): boolean {
  const own = me.value?.projects.find((each) => each.name === project.value);
  return own?.scope === "admin";
}

/** How far the server's clock is ahead of the browser's, in milliseconds. */
let ahead = 0;

/** The present moment by the server's clock, by which records are dated when they are received. */
export function serverNow(): number {
  return Date.now() + ahead;
}

function take(answer: Me): void {
  const moment = Date.parse(answer.now);
  if (!Number.isNaN(moment)) ahead = moment - Date.now();
  signedOut.value = !answer.signed_in;
  // The same answer again is no reason to draw the page anew.
  const { now: _, ...said } = answer;
  const { now: __, ...before } = me.peek() ?? answer;
  if (!me.peek() || JSON.stringify(said) !== JSON.stringify(before)) me.value = answer;
}
