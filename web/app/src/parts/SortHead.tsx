/** The head of a column by which a table can be sorted. */
import { clicked, type Order } from "./order";
import "./sort.css";

interface Props<Column extends string> {
  column: Column;
  words: string;
  title: string;
  order: Order<Column>;
  usual: Column;
  /** What belongs into the address; null is the usual order. */
  sort: (text: string | null) => void;
  /** A column of words begins at A. */
  text?: boolean;
}

export function SortHead<Column extends string>({ column, words, title, order, usual, sort, text }: Props<Column>) {
  const here = order.column === column;
  const ascending = order.down === Boolean(text);
  return (
    <th
      scope="col"
      class={text ? "" : "number"}
      aria-sort={here ? (ascending ? "ascending" : "descending") : undefined}
    >
      <button type="button" class="sort-head" title={title} onClick={() => sort(clicked(order, column, usual))}>
        {words}
        {here && <span aria-hidden="true"> {ascending ? "↑" : "↓"}</span>}
      </button>
    </th>
  );
}
