/** Worked examples: queries that run as they are on whatever is stored. The texts are in gallery.json, which the server's tests run. */
import examples from "./gallery.json";

export interface Example {
  group: string;
  title: string;
  words: string;
  sql: string;
  chart?: string;
}

export const GALLERY: Example[] = examples;

export const FIRST = GALLERY[0]?.sql ?? "";

/** In groups, in their order, of those that hold all the words. */
export function grouped(search: string): { group: string; examples: Example[] }[] {
  const parts = search.toLowerCase().split(/\s+/).filter(Boolean);
  const groups = new Map<string, Example[]>();
  for (const example of GALLERY) {
    const text = `${example.group} ${example.title} ${example.words} ${example.sql}`.toLowerCase();
    if (parts.every((part) => text.includes(part)))
      groups.set(example.group, [...(groups.get(example.group) ?? []), example]);
  }
  return [...groups].map(([group, examples]) => ({ group, examples }));
}
