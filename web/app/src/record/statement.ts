/** A SQL statement as people write it: each clause on a line of its own, where it was sent as one long line. */

const CLAUSES =
  /(?<!\b(?:LEFT|RIGHT|FULL|INNER|CROSS|OUTER))\s+(?=(?:FROM|WHERE|(?:LEFT |RIGHT |FULL |INNER |CROSS )?(?:OUTER )?JOIN|GROUP BY|HAVING|ORDER BY|LIMIT|OFFSET|VALUES|SET|RETURNING|UNION(?: ALL)?|ON CONFLICT|FOR UPDATE)\b)/gi;
const SHORT = 60;

export function readable(statement: string): string {
  const text = statement.trim();
  if (text.includes("\n") || text.length <= SHORT) return text;
  // Texts and quoted names stay as they are.
  return text
    .split(/('(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`)/)
    .map((part, index) => (index % 2 ? part : part.replace(CLAUSES, "\n")))
    .join("");
}
