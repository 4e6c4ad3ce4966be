/** The exceptions of a service, each with its latest trace. */
import type { ServiceAnswer } from "../api/services";
import { ago, exactMoment } from "../format/moment";
import { exact } from "../format/number";
import { Heads } from "../parts/Heads";
import { Scroll } from "../parts/Scroll";
import { link } from "../state/address";
import { quoted } from "./ServicesTable";

interface Props {
  exceptions: ServiceAnswer["exceptions"];
  /** The service in the search language. */
  own: string;
  kept: Record<string, string | null>;
}

export function Exceptions({ exceptions, own, kept }: Props) {
  return (
    <section>
      <h3 class="services-title">Exceptions</h3>
      <Scroll label="Exceptions">
        <table class="plain services-table">
          <Heads columns={["Exception", { number: "In" }, { number: "Last" }, { unseen: "Trace" }]} />
          <tbody>
            {exceptions.map((each) => (
              <tr key={`${each.type} ${each.message}`}>
                <td>
                  <div class="row services-first">
                    <a class="level-error" href={link("", { q: `${own} exception:${quoted(each.type)}`, ...kept })}>
                      {each.type}
                    </a>
                    <bdi class="cut" title={each.message}>
                      {each.message}
                    </bdi>
                  </div>
                </td>
                <td class="number" title={`recorded by ${exact(each.count)} spans and logs`}>
                  {exact(each.traces)} {each.traces === 1 ? "trace" : "traces"}
                </td>
                <td class="number second-text" title={exactMoment(each.last)}>
                  {ago(each.last)}
                </td>
                <td>
                  {each.trace_id && <a href={link(`trace/${each.trace_id}`, { span: each.span_id })}>Latest trace</a>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </section>
  );
}
