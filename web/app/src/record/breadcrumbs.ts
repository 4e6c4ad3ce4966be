/** The events before an error, as `andiron.sdk.breadcrumbs` puts them into the record: a JSON array in one attribute. */
import type { Json } from "../api/types";

export interface Breadcrumb {
  time: string;
  category: string;
  message: string;
  data: { [key: string]: Json };
}

export const BREADCRUMBS = "breadcrumbs";

/** Undefined where there are none, or what is there was written by somebody else in another way. */
export function breadcrumbsOf(value: Json | undefined): Breadcrumb[] | undefined {
  let list = value;
  if (typeof value === "string") {
    try {
      list = JSON.parse(value) as Json;
    } catch {
      return undefined;
    }
  }
  if (!Array.isArray(list) || !list.length) return undefined;
  const crumbs = list.map(crumbOf);
  return crumbs.every((crumb) => crumb !== undefined) ? crumbs : undefined;
}

function crumbOf(value: Json): Breadcrumb | undefined {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return undefined;
  const { time, category, message, data } = value;
  if (typeof time !== "string" || Number.isNaN(Date.parse(time)) || typeof message !== "string") return undefined;
  const more = data !== null && typeof data === "object" && !Array.isArray(data) ? data : {};
  return { time, category: typeof category === "string" ? category : "", message, data: more };
}
