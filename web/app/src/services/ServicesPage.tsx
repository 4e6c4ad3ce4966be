/** Services: the list, the map, or one of them, as the address says. */
import { useTitle } from "../frame/useTitle";
import { Tabs } from "../parts/Tabs";
import { param, path, set } from "../state/address";
import { OneService } from "./OneService";
import { ServiceMap } from "./ServiceMap";
import { ServicesTable } from "./ServicesTable";
import "./services.css";

const VIEWS = [
  { id: "list", words: "List" },
  { id: "map", words: "Map" },
];

export function ServicesPage() {
  const name = path.value.split("/").slice(1).join("/");
  if (name) return <OneService key={name} name={decodeURIComponent(name)} />;
  return <All />;
}

function All() {
  const view = param("view") === "map" ? "map" : "list";
  useTitle("Services");
  return (
    <div class="page-scroll">
      <Tabs
        label="How to see the services"
        tabs={VIEWS}
        chosen={view}
        choose={(id) => set({ view: id === "list" ? null : id, sort: null })}
      />
      {view === "map" ? <ServiceMap /> : <ServicesTable />}
    </div>
  );
}
