/** Asks the server: adds the project, turns every failure into a `Failure` with words for the reader, notices when nobody answers. */
import { signal } from "@preact/signals";
import { root } from "../state/root";
import type { Problem } from "./types";

/** Whether the server answered the last question at all. */
export const reachable = signal(true);
/** The project that the pages show; empty is the server's choice. */
export const project = signal("");
/** Set when the server said 401: the frame then shows the sign-in. */
export const signedOut = signal(false);

export class Failure extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail || problem.title);
    this.problem = problem;
  }

  get position(): { start: number; end: number } | undefined {
    return this.problem.position;
  }
}

export interface Asking {
  method?: "GET" | "POST" | "PUT" | "DELETE";
  body?: unknown;
  abort?: AbortSignal;
  accept?: string;
}

/** The address of an endpoint, with `query` and, where no header can be sent (streams, downloads), the project. */
export function endpoint(path: string, query: Record<string, string | number | null | undefined> = {}): string {
  const url = new URL(path, root);
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") url.searchParams.set(name, String(value));
  }
  return url.href;
}

export function withProject(query: Record<string, string | number | null | undefined> = {}): typeof query {
  return project.value ? { ...query, project: project.value } : query;
}

/** The raw answer; throws `Failure` for anything but success, and lets an abort through. */
export async function respond(url: string, { method, body, abort, accept }: Asking = {}): Promise<Response> {
  const headers: Record<string, string> = { "Andiron-Page": "1", Accept: accept ?? "application/json" };
  if (project.value) headers["Andiron-Project"] = project.value;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response: Response;
  try {
    response = await fetch(url, {
      method: method ?? (body === undefined ? "GET" : "POST"),
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      signal: abort ?? null,
      credentials: "same-origin",
    });
  } catch (error) {
    if (abort?.aborted) throw error;
    reachable.value = false;
    throw new Failure({
      type: "unreachable",
      title: "The server does not answer",
      status: 0,
      detail: "The server does not answer. Is `andiron serve` running?",
      retryable: true,
    });
  }
  reachable.value = true;
  if (response.ok) return response;
  if (response.status === 401) signedOut.value = true;
  throw new Failure(await problemOf(response));
}

/** The answer as JSON. `T` is what the server promises. */
export async function ask<T>(url: string, asking?: Asking): Promise<T> {
  const response = await respond(url, asking);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

async function problemOf(response: Response): Promise<Problem> {
  const fallback: Problem = {
    type: "about:blank",
    title: `The server answered ${response.status}`,
    status: response.status,
    detail: `The server answered ${response.status} ${response.statusText}.`,
  };
  try {
    return { ...fallback, ...((await response.json()) as Partial<Problem>) };
  } catch {
    return fallback;
  }
}

/** What went wrong, whatever was thrown. */
export function problemFrom(error: unknown): Problem {
  if (error instanceof Failure) return error.problem;
  const detail = error instanceof Error ? error.message : String(error);
  return { type: "about:blank", title: "The page failed", status: 0, detail };
}
