/** One row of the waterfall: service, folded or not, name, bar with its critical parts and ticks, duration. */
import { Component } from "preact";
import { hue } from "../format/hue";
import { levelName } from "../format/level";
import { exact } from "../format/number";
import { Level } from "../parts/Level";
import { placeOf } from "./axis";
import { barOf, criticalParts, ticksOn } from "./bars";
import { isExpandable, toggled } from "./layout";
import type { Look } from "./TraceView";
import type { Node } from "./tree";
import { exactLong, long, nameOf } from "./words";

interface Props {
  node: Node;
  look: Look;
  chosen: boolean;
}

/** Deeper than this, the names stand still and the depth is told as a number. */
const INDENTED = 14;
const INDENT = 12;

/** While one scrolls, a row that stays in sight is not drawn again. */
export class SpanRow extends Component<Props> {
  override shouldComponentUpdate(next: Props): boolean {
    const { node, look, chosen } = this.props;
    return node !== next.node || look !== next.look || chosen !== next.chosen;
  }

  override render(props: Props) {
    return <Row {...props} />;
  }
}

function Row({ node, look, chosen }: Props) {
  const { row } = node;
  const expandable = isExpandable(node, look.notes);
  const folded = expandable && look.collapsed.has(node.key);
  const dim = look.matching !== null && !look.matching.has(node.key);
  const classes = ["span-row", chosen && "chosen", dim && "dim", node.note && "note", look.matching && !dim && "match"];
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree takes the keys of its rows
    <div
      id={`row-${node.key}`}
      class={classes.filter(Boolean).join(" ")}
      role="treeitem"
      tabIndex={-1}
      aria-level={node.depth + 1}
      aria-expanded={expandable ? !folded : undefined}
      aria-selected={chosen}
      onClick={() => look.point(node, true)}
    >
      <div class="waterfall-names">
        <span class="span-service cut small" title={row.service_name}>
          <span class="service-dot" style={{ background: hue(row.service_name) }} />
          <span class="span-service-name">{row.service_name || "no service"}</span>
        </span>
        <span class="span-indent" style={{ width: `${Math.min(node.depth, INDENTED) * INDENT}px` }} />
        {node.depth > INDENTED && <span class="small quiet-text span-depth">{node.depth}</span>}
        {expandable ? (
          <span
            class="span-fold"
            aria-hidden="true"
            title={folded ? "Unfold; with Shift all below it, too" : "Fold; with Shift all below it, too"}
            onClick={(event) => {
              event.stopPropagation();
              look.fold(toggled(look.forest, look.collapsed, node, folded, event.shiftKey));
            }}
          >
            {folded ? "▸" : "▾"}
          </span>
        ) : (
          <span class="span-fold none" />
        )}
        {(row.level >= 13 || node.note) && <Level level={row.level} />}
        <span class="span-name cut" title={nameOf(node)} dir="auto">
          {nameOf(node)}
        </span>
        {folded && <span class="span-hidden small number">{exact(node.size - 1)}</span>}
        {folded && node.errors > Number(node.error) && <span class="level-error small">✕</span>}
        {node.sign && (
          <span class="span-sign small level-warn" title={`It stands here because of this: ${node.sign}.`}>
            {node.sign}
          </span>
        )}
      </div>
      <div class="waterfall-time" aria-hidden="true">
        <Bar node={node} look={look} />
      </div>
      <div class={node.error ? "waterfall-length number small level-error" : "waterfall-length number small"}>
        {node.note ? (
          ""
        ) : node.running ? (
          <span title={look.runs ? "Running" : "No end was recorded: it may have been killed"}>
            {look.runs ? `${long(node.end - node.start)} …` : "no end"}
          </span>
        ) : (
          <span title={exactLong(node.end - node.start)}>{long(node.end - node.start)}</span>
        )}
      </div>
    </div>
  );
}

function Bar({ node, look }: { node: Node; look: Look }) {
  const { window } = look;
  const color = hue(node.row.service_name);
  if (node.note) {
    const at = placeOf(node.start, window);
    if (at < 0 || at > 1) return null;
    return (
      <i
        class={`span-point fill-${levelName(node.row.level)}`}
        style={{ left: `clamp(4px, ${at * 100}%, calc(100% - 4px))` }}
      />
    );
  }
  const bar = barOf(node, window);
  if (!bar) return <Away node={node} look={look} />;
  const said = node.error ? (node.row.exception_type ?? "") : "";
  const label = said || (node.row.http_status && node.row.http_status >= 400 ? String(node.row.http_status) : "");
  return (
    <>
      <div
        class={["span-bar", node.error && "error", node.running && "running"].filter(Boolean).join(" ")}
        style={{ left: `${bar.left}%`, width: `${bar.width}%`, "--hue": color }}
      />
      {criticalParts(look.path.get(node.key), window).map(({ left, width }) => (
        <i key={left} class="span-critical" style={{ left: `${left}%`, width: `${width}%`, "--hue": color }} />
      ))}
      {ticksOn(node, window).map((tick) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: logs are rows, too, and the details list events
        <i
          key={tick.place}
          class={`span-tick fill-${levelName(tick.level)}`}
          style={{ left: `${tick.place}%` }}
          title={tick.words}
          onClick={(event) => {
            if (!tick.note) return;
            event.stopPropagation();
            look.point(tick.note, true);
          }}
        />
      ))}
      {label && (
        <span
          class={node.error ? "span-label small level-error" : "span-label small second-text"}
          style={
            bar.left + bar.width < 75
              ? { left: `calc(${bar.left + bar.width}% + 6px)` }
              : { right: `calc(${100 - bar.left}% + 6px)` }
          }
        >
          {label}
        </span>
      )}
    </>
  );
}

/** Out of the part of the time that is looked at: in which direction. */
function Away({ node, look }: { node: Node; look: Look }) {
  const before = node.end < look.window.from;
  return (
    <span class={before ? "span-away before quiet-text" : "span-away after quiet-text"}>{before ? "◂" : "▸"}</span>
  );
}
