/** The heads of a plain table: a word each. A number's stands at the right; what only screen readers need is not seen. */

export type Head = string | { number: string } | { unseen: string };

export function Heads({ columns }: { columns: Head[] }) {
  return (
    <thead>
      <tr>
        {columns.map((column) =>
          typeof column === "string" ? (
            <th key={column} scope="col">
              {column}
            </th>
          ) : "number" in column ? (
            <th key={column.number} scope="col" class="number">
              {column.number}
            </th>
          ) : (
            <th key={column.unseen} scope="col">
              <span class="unseen">{column.unseen}</span>
            </th>
          ),
        )}
      </tr>
    </thead>
  );
}
