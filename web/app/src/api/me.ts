/** Who looks, and at which projects. Asked once at the start and after signing in or out. */
import { signal } from "@preact/signals";
import { ask, endpoint, project, signedOut } from "./client";
import type { Me } from "./types";

export const me = signal<Me | undefined>(undefined);

export async function loadMe(): Promise<void> {
  take(await ask<Me>(endpoint("pages/api/me")));
}

export async function signIn(token: string): Promise<void> {
  take(await ask<Me>(endpoint("pages/api/sign-in"), { body: { token } }));
}

export async function signOut(): Promise<void> {
  await ask<void>(endpoint("pages/api/sign-out"), { method: "POST", body: {} });
  project.value = "";
  await loadMe();
}

function take(answer: Me): void {
  me.value = answer;
  signedOut.value = !answer.signed_in;
  const known = answer.projects.some((each) => each.name === project.value);
  if (!known) project.value = answer.project ?? "";
}
