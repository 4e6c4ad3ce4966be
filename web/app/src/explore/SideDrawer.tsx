/** The drawer of Explore: examples, tables and columns, or history. */
import { Drawer } from "../parts/Drawer";
import { Tabs } from "../parts/Tabs";
import { set } from "../state/address";
import { Gallery } from "./Gallery";
import { PastList } from "./PastList";
import { TableList } from "./TableList";
import { SIDES } from "./Toolbar";

interface Props {
  side: string;
  take: (sql: string, chart: string | undefined) => void;
  insert: (name: string) => void;
}

export function SideDrawer({ side, take, insert }: Props) {
  const known = SIDES.some((each) => each.id === side) ? side : "examples";
  return (
    <Drawer title="Help with writing" close={() => set({ side: null }, { replace: true })}>
      <div class="side-head">
        <Tabs
          label="Help with writing"
          tabs={SIDES}
          chosen={known}
          choose={(id) => set({ side: id }, { replace: true })}
        />
      </div>
      <div class="side-body">
        {known === "examples" && <Gallery take={(example) => take(example.sql, example.chart)} />}
        {known === "tables" && <TableList insert={insert} />}
        {known === "history" && <PastList take={(sql) => take(sql, undefined)} />}
      </div>
    </Drawer>
  );
}
