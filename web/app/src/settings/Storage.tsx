/** Storage: the disk, and every table on it with what it costs. */
import { ask, endpoint, project } from "../api/client";
import type { Storage as Answer, StoredTable } from "../api/manage";
import { useAnswer } from "../api/useAnswer";
import { ago, exactMoment } from "../format/moment";
import { bytes, count, exact, percent } from "../format/number";
import { Heads } from "../parts/Heads";
import { Failed, Loading, Stale } from "../parts/Panel";
import { Scroll } from "../parts/Scroll";

export function Storage() {
  const { data, problem, again } = useAnswer(`storage ${project.value}`, (abort) =>
    ask<Answer>(endpoint("pages/api/storage"), { abort }),
  );
  if (problem && !data) return <Failed problem={problem} again={again} />;
  if (!data) return <Loading />;
  const all = data.tables.reduce((sum, table) => sum + table.bytes, 0);
  const daily = data.tables.reduce((sum, table) => sum + (table.bytes_a_day ?? 0), 0);
  return (
    <>
      {problem && <Stale problem={problem} again={again} />}
      <Disk disk={data.disk} daily={daily} />
      <Scroll label="Tables">
        <table class="plain settings-table">
          <Heads
            columns={[
              "Table",
              { number: "Rows" },
              { number: "On disk" },
              { number: "Share" },
              { number: "A row" },
              { number: "Compressed to" },
              { number: "Parts" },
              { number: "Oldest" },
              "Dearest columns",
            ]}
          />
          <tbody>
            {data.tables.map((table) => (
              <tr key={table.name}>
                <td class="mono">{table.name}</td>
                <td class="number" title={exact(table.rows)}>
                  {count(table.rows)}
                </td>
                <td class="number" title={`${exact(table.bytes)} bytes`}>
                  {bytes(table.bytes)}
                </td>
                <td class="number">{all ? percent(table.bytes / all) : ""}</td>
                <td class="number">{table.rows ? bytes(Math.round(table.bytes / table.rows)) : ""}</td>
                <td class="number">
                  {table.uncompressed > table.bytes ? percent(table.bytes / table.uncompressed) : "–"}
                </td>
                <td class="number">{exact(table.parts)}</td>
                <td class="number" title={table.oldest ? exactMoment(table.oldest) : ""}>
                  {table.oldest ? ago(table.oldest) : "–"}
                </td>
                <td class="second-text">{dearest(table) || "–"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </>
  );
}

function dearest(table: StoredTable): string {
  return table.columns
    .slice(0, 3)
    .map((column) => `${column.name} ${table.bytes ? percent(column.bytes / table.bytes) : ""}`)
    .join(", ");
}

function Disk({ disk, daily }: { disk: Answer["disk"]; daily: number }) {
  const used = disk.total ? 1 - disk.free / disk.total : 0;
  const days = daily > 0 ? Math.floor(disk.free / daily) : undefined;
  return (
    <div class="settings-disk">
      <div
        class="meter"
        role="meter"
        aria-label="Disk in use"
        aria-valuenow={Math.round(used * 100)}
        aria-valuemin={0}
        aria-valuemax={100}
      >
        <div class={used > 0.9 ? "meter-fill high" : "meter-fill"} style={{ width: `${used * 100}%` }} />
      </div>
      <p>
        {bytes(disk.free)} of {bytes(disk.total)} free on the disk of <code>{disk.data_path}</code>
        {days !== undefined &&
          `; at ${bytes(daily)} a day it lasts ${days > 3650 ? "more than ten years" : `${count(days)} days`}`}
      </p>
      <p class="second-text" title={`${exact(disk.folder)} bytes`}>
        The data folder takes {bytes(disk.folder)}, with the journal, other projects, the engine’s own files, and parts
        that were merged into larger ones and are removed some minutes later. The tables of this project:
      </p>
    </div>
  );
}
