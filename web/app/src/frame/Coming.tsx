/** A page whose engine does not stand yet: says what can be done meanwhile, and how. */
import { Nothing } from "../parts/Panel";
import { link, path } from "../state/address";

interface Meanwhile {
  title: string;
  words: string;
  link: () => string;
  does: string;
}

const MEANWHILE: Record<string, Meanwhile> = {
  issues: {
    title: "Exceptions are not grouped into issues yet",
    words: "Every exception is recorded with its stack, and can be searched.",
    link: () => link("", { q: "has:exception", from: "1d" }),
    does: "Show the exceptions of the last day",
  },
  sessions: {
    title: "Sessions have no page of their own yet",
    words: "Records carry the session and the user that they belong to.",
    link: () =>
      link("explore", {
        sql: "SELECT otel_resource_attributes->>'session.id' AS session, min(start_timestamp) AS began, max(start_timestamp) AS ended,\n       count(*) AS records, count(*) FILTER (WHERE level >= 'error') AS errors\nFROM records WHERE otel_resource_attributes ? 'session.id' GROUP BY 1 ORDER BY began DESC",
        from: "1d",
      }),
    does: "List the sessions of the last day in SQL",
  },
  dashboards: {
    title: "Dashboards are not built yet",
    words: "A chart of any query can be kept as a link; the services page shows rate, errors and durations.",
    link: () => link("explore"),
    does: "Draw a chart in Explore",
  },
  alerts: {
    title: "Alerts are not built yet",
    words: "Until then, a search can be kept as a link and looked at.",
    link: () => link("", { q: "level:error,fatal", from: "1h" }),
    does: "Show the errors of the last hour",
  },
};

export function Coming() {
  const about = MEANWHILE[path.value.split("/")[0] ?? ""];
  if (!about) return null;
  return (
    <Nothing title={about.title}>
      <p class="second-text">{about.words}</p>
      <a class="button" href={about.link()}>
        {about.does}
      </a>
    </Nothing>
  );
}
