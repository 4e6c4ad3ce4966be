/** What an HTTP request was about, in one line: method, address, status. The attributes have the rest. */
import type { FullRecord, Json } from "../api/types";

export function Http({ record }: { record: FullRecord }) {
  const { attributes } = record;
  const method = first(attributes, ["http.request.method", "http.method"]);
  if (!method) return null;
  const address = first(attributes, ["url.full", "http.url"]) || path(attributes);
  const route = first(attributes, ["http.route", "url.template"]);
  const status = first(attributes, ["http.response.status_code", "http.status_code"]);
  const reason = first(attributes, ["error.type"]);
  return (
    <section class="record-section">
      <h3>HTTP</h3>
      <p class="record-http mono">
        <b>{method}</b> {address || route}
      </p>
      <p class="small second-text">
        {status ? <span class={Number(status) >= 400 ? "level-error" : ""}>answered {status}</span> : "no answer"}
        {route && address && route !== address && ` · route ${route}`}
        {reason && reason !== status && ` · ${reason}`}
      </p>
    </section>
  );
}

function path(attributes: { [key: string]: Json }): string {
  const query = first(attributes, ["url.query"]);
  return first(attributes, ["url.path", "http.target"]) + (query ? `?${query}` : "");
}

function first(attributes: { [key: string]: Json }, keys: string[]): string {
  const value = keys.map((key) => attributes[key]).find((each) => each !== undefined && each !== null);
  return value === undefined || value === null ? "" : String(value);
}
