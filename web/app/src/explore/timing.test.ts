import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ownTime } from "./timing";

describe("the range of the bar applies", () => {
  test.each([
    "SELECT start_timestamp, message FROM records ORDER BY start_timestamp DESC",
    "SELECT time_bucket($resolution, start_timestamp) AS t, count(*) FROM records WHERE level > 9 GROUP BY t",
    "SELECT count(*) FILTER (WHERE start_timestamp > now() - interval '5 minutes') FROM records",
    "SELECT max(start_timestamp) > now() AS late FROM records",
    "SELECT 1 FROM records WHERE message = 'start_timestamp > 3' -- start_timestamp > 3",
    "",
  ])("%s", (sql) => expect(ownTime(sql)).toBeUndefined());
});

describe("the query's own time applies", () => {
  test.each([
    ["SELECT 1 FROM records WHERE start_timestamp > now() - interval '1 hour'", "start_timestamp"],
    ["select 1 from records r where now() - interval '1 day' < r.start_timestamp", "start_timestamp"],
    [
      "SELECT 1 FROM records WHERE (kind = 'span' AND start_timestamp BETWEEN '2026-01-01' AND '2026-02-01')",
      "start_timestamp",
    ],
    ["SELECT 1 FROM records WHERE date_trunc('day', start_timestamp) = '2026-01-01'", "start_timestamp"],
    ["SELECT avg(scalar_value) FROM metrics WHERE recorded_timestamp >= '2026-01-01'", "recorded_timestamp"],
    ["SELECT 1 FROM (SELECT * FROM records WHERE start_timestamp > '2026-01-01') AS r", "start_timestamp"],
    ['SELECT count() FROM otel_traces WHERE "Timestamp" > now() - 60', "Timestamp"],
    ["SELECT 1 FROM records WHERE day = current_date", "day"],
  ])("%s", (sql, column) => expect(ownTime(sql)).toBe(column));
});

test("what stands in a text or a comment changes nothing", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const said = `'${text.replaceAll("'", "''")}'`;
      expect(ownTime(`SELECT ${said} FROM records WHERE message = ${said}`)).toBeUndefined();
    }),
  );
});
