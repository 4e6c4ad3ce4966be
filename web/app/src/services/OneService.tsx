/** One service: rate, errors and durations over time, its operations, its exceptions, and whom it talks to. */
import { useMemo } from "preact/hooks";
import { ask, endpoint } from "../api/client";
import type { ServiceAnswer } from "../api/services";
import { useAnswer } from "../api/useAnswer";
import { duration } from "../format/duration";
import { percent, rate } from "../format/number";
import { useTitle } from "../frame/useTitle";
import { Chart, type Series } from "../parts/Chart";
import { Failed, Loading, Nothing, Stale } from "../parts/Panel";
import { Service } from "../parts/Service";
import { link } from "../state/address";
import { chooseBetween } from "../state/range";
import { chartsOf } from "./charts";
import { Exceptions } from "./Exceptions";
import { Neighbours } from "./Neighbours";
import { Operations } from "./Operations";
import { quoted, useRange } from "./ServicesTable";
import { useAgain } from "./useAgain";
import { wholeBuckets } from "./wholeBuckets";

type Kept = Record<string, string | null>;

export function OneService({ name }: { name: string }) {
  const { since, until, kept, key } = useRange();
  const { data, problem, loading, again } = useAnswer(`service ${name} ${key}`, (abort) =>
    ask<ServiceAnswer>(endpoint("pages/api/service", { name, since, until, buckets: 90 }), { abort }).then(
      // What was asked for goes with the answer: the clock goes on.
      (answer) => ({ answer, since: Date.parse(since), until: until ? Date.parse(until) : Date.now() }),
    ),
  );
  useTitle(name.slice(0, 60), "Services");
  useAgain(again, loading);
  const own = `service:${quoted(name)}`;
  return (
    <div class="page-scroll">
      <div class="row services-head">
        <a href={link("services", kept)}>Services</a>
        <span class="quiet-text" aria-hidden="true">
          /
        </span>
        <h2 class="cut spread">
          <Service name={name} />
        </h2>
        <span class="row">
          <a class="button" href={link("", { q: own, ...kept })}>
            Records
          </a>
          <a class="button" href={link("traces", { q: own, ...kept })}>
            Traces
          </a>
        </span>
      </div>
      {problem && !data && <Failed problem={problem} again={again} />}
      {problem && data && <Stale problem={problem} again={again} />}
      {!data && !problem && <Loading words="Counting requests" />}
      {data && <Content {...data} own={own} kept={kept} />}
    </div>
  );
}

interface ContentProps {
  answer: ServiceAnswer;
  since: number;
  until: number;
  own: string;
  kept: Kept;
}

function Content({ answer, since, until, own, kept }: ContentProps) {
  const charts = useMemo(() => chartsOf(answer, since, until), [answer]);
  if (!answer.operations.length && !answer.exceptions.length) {
    return (
      <Nothing title="This service sent no spans in this time">
        <p class="second-text">
          It may have sent logs: <a href={link("", { q: own, ...kept })}>look at its records</a>, or choose a longer
          time.
        </p>
      </Nothing>
    );
  }
  const seen = wholeBuckets(answer, answer.series.count.length, since, until);
  const { times } = charts;
  return (
    <>
      <div class="services-charts">
        <OverTime title="Requests" label="Requests a second" times={times} series={charts.rate} format={rate} />
        <OverTime
          title="Errors"
          label="Share of requests that failed"
          times={times}
          series={charts.errors}
          format={percent}
        />
        <OverTime
          title="Durations"
          label="Durations of requests"
          times={times}
          series={charts.durations}
          format={duration}
        />
      </div>
      <Operations operations={answer.operations} own={own} kept={kept} seen={seen} />
      {answer.exceptions.length > 0 && <Exceptions exceptions={answer.exceptions} own={own} kept={kept} />}
      <div class="services-neighbours">
        <Neighbours
          title="Called by"
          neighbours={answer.upstream}
          nobody="Nobody that sends telemetry here"
          kept={kept}
        />
        <Neighbours title="Calls" neighbours={answer.downstream} nobody="Nothing that was seen" kept={kept} />
      </div>
    </>
  );
}

interface OverTimeProps {
  title: string;
  label: string;
  times: number[];
  series: Series[];
  format: (value: number) => string;
}

function OverTime({ title, ...chart }: OverTimeProps) {
  return (
    <section>
      <h3>{title}</h3>
      <Chart {...chart} height={140} onSelect={(from, to) => chooseBetween(from * 1000, to * 1000)} />
    </section>
  );
}
