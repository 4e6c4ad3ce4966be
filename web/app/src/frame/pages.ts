/** Which page stands at which address, and what the rail shows. A page's code is fetched when it is first opened. */
import type { ComponentType } from "preact";

export interface Page {
  id: string;
  words: string;
  icon: string;
  /** Whether the bar offers the search box and the time range. */
  search: boolean;
  range: boolean;
  load: () => Promise<ComponentType>;
  /** In the rail; a single trace is not. */
  rail: boolean;
}

const coming = () => import("./Coming").then((module) => module.Coming);

// Icons are paths on a grid of 20, drawn with a line of 1.5.
export const PAGES: Page[] = [
  {
    id: "live",
    words: "Live",
    icon: "M2 10h3l2-6 4 12 3-9 1.500 3H18",
    search: true,
    range: true,
    rail: true,
    load: () => import("../live/LivePage").then((m) => m.LivePage),
  },
  {
    id: "traces",
    words: "Traces",
    icon: "M3 4h14M5 8h8M7 12h9M9 16h5",
    search: true,
    range: true,
    rail: true,
    load: () => import("../traces/TracesPage").then((m) => m.TracesPage),
  },
  {
    id: "trace",
    words: "Trace",
    icon: "",
    search: false,
    range: false,
    rail: false,
    load: () => import("../trace/TracePage").then((m) => m.TracePage),
  },
  {
    id: "explore",
    words: "Explore",
    icon: "M4 5l4 4-4 4M10 14h6",
    search: false,
    range: true,
    rail: true,
    load: () => import("../explore/ExplorePage").then((m) => m.ExplorePage),
  },
  {
    id: "services",
    words: "Services",
    icon: "M10 3v5M10 8l-5 5M10 8l5 5M3 13h4v4H3zM13 13h4v4h-4zM8 3h4v3H8z",
    search: false,
    range: true,
    rail: true,
    load: () => import("../services/ServicesPage").then((m) => m.ServicesPage),
  },
  {
    id: "issues",
    words: "Issues",
    icon: "M10 3l8 14H2zM10 8v4M10 14v.5",
    search: false,
    range: true,
    rail: true,
    load: coming,
  },
  {
    id: "sessions",
    words: "Sessions",
    icon: "M10 10a3 3 0 100-6 3 3 0 000 6zM4 17c0-3 3-5 6-5s6 2 6 5",
    search: false,
    range: true,
    rail: true,
    load: coming,
  },
  {
    id: "dashboards",
    words: "Dashboards",
    icon: "M3 3h6v6H3zM11 3h6v4h-6zM3 11h6v6H3zM11 9h6v8h-6z",
    search: false,
    range: true,
    rail: true,
    load: coming,
  },
  {
    id: "alerts",
    words: "Alerts",
    icon: "M5 14V9a5 5 0 0110 0v5l1.500 1h-13zM8.500 17h3",
    search: false,
    range: false,
    rail: true,
    load: coming,
  },
  {
    id: "settings",
    words: "Settings",
    icon: "M3 6h8M15 6h2M3 14h2M9 14h8M11 4v4M7 12v4",
    search: false,
    range: false,
    rail: true,
    load: () => import("../settings/SettingsPage").then((m) => m.SettingsPage),
  },
];

/** The page of an address; undefined is none. */
export function pageOf(path: string): Page | undefined {
  const first = path.split("/")[0] || "live";
  return PAGES.find((page) => page.id === first);
}
