/** The map: who calls whom, drawn from spans; thick where much goes, red where it fails. A click leads to the traces behind. */
import { ask, endpoint } from "../api/client";
import type { MapAnswer, MapNode } from "../api/services";
import { useAnswer } from "../api/useAnswer";
import { duration } from "../format/duration";
import { hue } from "../format/hue";
import { count, exact, percent } from "../format/number";
import { Heads } from "../parts/Heads";
import { Failed, Loading, Nothing, Stale } from "../parts/Panel";
import { Scroll } from "../parts/Scroll";
import { link } from "../state/address";
import { type Drawn, layoutOf, NODE, type Placed, swing } from "./mapLayout";
import { quoted, useRange } from "./ServicesTable";
import { useAgain } from "./useAgain";

const SIGNS: Record<MapNode["kind"], string> = { service: "", database: "⛁ ", queue: "≡ ", external: "↗ " };
const WORDS: Record<MapNode["kind"], string> = {
  service: "service",
  database: "database",
  queue: "queue",
  external: "outside",
};
const MARGIN = 12;

export function ServiceMap() {
  const { since, until, kept, key } = useRange();
  const { data, problem, loading, again } = useAnswer(`map ${key}`, (abort) =>
    ask<MapAnswer>(endpoint("pages/api/services-map", { since, until }), { abort }),
  );
  useAgain(again, loading);
  if (problem && !data) return <Failed problem={problem} again={again} />;
  if (!data) return <Loading words="Following the spans" />;
  if (!data.nodes.length) {
    return (
      <Nothing title="No spans in this time">
        <p class="second-text">The map is drawn from spans of services that call one another. Choose a longer time.</p>
      </Nothing>
    );
  }
  const { nodes, edges, width, height } = layoutOf(data);
  const most = Math.max(...edges.map(({ edge }) => edge.calls), 1);
  return (
    <>
      {problem && <Stale problem={problem} again={again} />}
      <p class="second-text small services-note">
        {exact(nodes.length)} nodes, {exact(edges.length)} connections
        {data.sampled > 1 && `; estimated from one in ${data.sampled} traces`}
      </p>
      <Scroll label="The map">
        <svg
          class="services-map"
          width={width + 2 * MARGIN}
          height={height + 2 * MARGIN}
          viewBox={`${-MARGIN} ${-MARGIN} ${width + 2 * MARGIN} ${height + 2 * MARGIN}`}
          role="group"
          aria-label="Services and what they call"
        >
          <defs>
            <marker
              id="arrow"
              viewBox="0 0 8 8"
              refX="7"
              refY="4"
              markerWidth="8"
              markerHeight="8"
              markerUnits="userSpaceOnUse"
              orient="auto"
            >
              <path d="M0 0L8 4L0 8z" fill="var(--hair-strong)" />
            </marker>
          </defs>
          {edges.map((each) => (
            <Edge key={`${each.edge.from} ${each.edge.to}`} drawn={each} nodes={nodes} most={most} kept={kept} />
          ))}
          {nodes.map((each) => (
            <Node key={each.node.name} placed={each} kept={kept} />
          ))}
        </svg>
      </Scroll>
      <details class="services-edges">
        <summary>The same as a table</summary>
        <Scroll label="The map as a table">
          <table class="plain services-table">
            <Heads columns={["From", "To", { number: "Calls" }, { number: "Errors" }, { number: "p95" }]} />
            <tbody>
              {data.edges.map((edge) => (
                <tr key={`${edge.from} ${edge.to}`}>
                  <td>
                    <span class="services-first cut" title={edge.from}>
                      <bdi>{edge.from}</bdi>
                    </span>
                  </td>
                  <td>
                    <span class="services-first cut" title={edge.to}>
                      <bdi>{edge.to}</bdi>
                    </span>
                  </td>
                  <td class="number">{exact(edge.calls)}</td>
                  <td class={edge.errors ? "number level-error" : "number quiet-text"}>
                    {edge.errors ? `✕ ${exact(edge.errors)}` : "0"}
                  </td>
                  <td class="number">{duration(edge.p95)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      </details>
    </>
  );
}

function Edge({
  drawn: { edge, from, to },
  nodes,
  most,
  kept,
}: {
  drawn: Drawn;
  nodes: Placed[];
  most: number;
  kept: Record<string, string | null>;
}) {
  const back = to.x <= from.x;
  const x1 = from.x + (back ? NODE.width / 2 : NODE.width);
  const y1 = from.y + (back ? NODE.height : NODE.height / 2);
  const x2 = to.x + (back ? NODE.width / 2 : 0);
  const y2 = to.y + (back ? NODE.height : NODE.height / 2);
  const bend = back ? 40 : (x2 - x1) / 2;
  const aside = back ? 0 : swing(from, to, nodes);
  const d = back
    ? `M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ${y2 + bend} ${x2} ${y2}`
    : `M${x1} ${y1}C${x1 + bend} ${y1 + aside} ${x2 - bend} ${y2 + aside} ${x2 - 2} ${y2}`;
  const failing = edge.errors > 0;
  const label = failing ? `${count(edge.calls)} ✕ ${percent(edge.errors / edge.calls)}` : count(edge.calls);
  const words = `${edge.from} calls ${edge.to}: ${exact(edge.calls)} calls, ${failing ? percent(edge.errors / edge.calls) : "no"} errors, p95 ${duration(edge.p95)}`;
  return (
    <a href={link("traces", { q: `service:${quoted(edge.from)}`, ...kept })} aria-label={`${label}: ${words}`}>
      <title>{words}</title>
      <path d={d} class="services-edge-hit" />
      <path
        d={d}
        class={failing ? "services-edge failing" : "services-edge"}
        stroke-width={1 + 3 * Math.sqrt(edge.calls / most)}
        marker-end="url(#arrow)"
      />
      {!back && (
        <text x={(x1 + x2) / 2} y={(y1 + y2) / 2 - 5 + aside * 0.75} class="services-edge-text">
          {label}
        </text>
      )}
    </a>
  );
}

function Node({ placed: { node, x, y }, kept }: { placed: Placed; kept: Record<string, string | null> }) {
  const own = node.kind === "service";
  const words = `${node.name}, ${WORDS[node.kind]}: ${exact(node.calls)} calls, ${exact(node.errors)} errors, p95 ${duration(node.p95)}`;
  const box = (
    // A picture in the picture: what is longer than the box ends with it.
    <svg x={x} y={y} width={NODE.width} height={NODE.height}>
      <title>{words}</title>
      <rect
        class={own ? "services-node" : "services-node other"}
        x="0.5"
        y="0.5"
        width={NODE.width - 1}
        height={NODE.height - 1}
        rx="4"
      />
      <rect width="4" height={NODE.height} rx="2" fill={own ? hue(node.name) : "var(--hair-strong)"} />
      <text x="12" y="20" class="services-node-name">
        {SIGNS[node.kind]}
        {shortened(node.name)}
      </text>
      <text x="12" y="38" class={node.errors ? "services-node-text failing" : "services-node-text"}>
        {count(node.calls)} {node.calls === 1 ? "call" : "calls"}
        {node.p95 !== null && ` · p95 ${duration(node.p95)}`}
        {node.errors > 0 && ` · ${percent(node.errors / node.calls)} ✕`}
      </text>
    </svg>
  );
  return own ? <a href={link(`services/${encodeURIComponent(node.name)}`, kept)}>{box}</a> : box;
}

/** As much of a name as has room; signs of East Asia take two places. */
function shortened(name: string): string {
  let room = 21;
  let text = "";
  for (const sign of name) {
    room -= (sign.codePointAt(0) ?? 0) > 0x2e80 ? 2 : 1;
    if (room < 0) return `${text}…`;
    text += sign;
  }
  return text;
}
