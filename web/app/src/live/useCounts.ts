/** Histogram and facets of the present question: counted when it is asked, and again every few seconds while records come. */
import { useEffect, useRef, useState } from "preact/hooks";
import { ask, endpoint, project } from "../api/client";
import type { FacetsAnswer, HistogramAnswer } from "../api/types";
import { type Answered, useAnswer } from "../api/useAnswer";
import { bounds, range } from "../state/range";
import type { Feed } from "./feed";

const FIELDS = ["level", "service_name", "deployment_environment", "otel_scope_name", "tags"];
const BUCKETS = 120;
const RECOUNT = 4000;
/** Few records are counted at once, so that the number is never behind the list by much. */
const SOON = 500;
const FEW = 1000;
/** Counting takes no more than a tenth of the time, however large the store is. */
const SHARE = 10;

export interface Counts {
  histogram: Answered<HistogramAnswer>;
  facets: Answered<FacetsAnswer>;
  /** What is shown was counted for an earlier question. */
  stale: boolean;
}

export function useCounts(q: string, feed: Feed): Counts {
  const [round, setRound] = useState(0);
  const counted = useRef({ arrivals: 0, at: 0, took: 0, step: 0, total: 0, question: "" });
  const question = JSON.stringify([q, range.value, project.value]);
  const key = `${question} ${round}`;
  const histogram = useAnswer(`histogram ${key}`, async (abort) => {
    // The records first: counting beside them would keep them waiting.
    await feed.first;
    const arrivals = feed.arrivals;
    const asked = { q, ...bounds(range.value), buckets: BUCKETS };
    const answer = await ask<HistogramAnswer>(endpoint("pages/api/histogram"), { body: asked, abort });
    counted.current = {
      arrivals,
      at: Date.now(),
      took: answer.took,
      step: answer.step * 1000,
      total: answer.total,
      question,
    };
    return answer;
  });
  const facets = useAnswer(`facets ${key}`, async (abort) => {
    await feed.first;
    const asked = { q, ...bounds(range.value), fields: FIELDS };
    return ask<FacetsAnswer>(endpoint("pages/api/facets"), { body: asked, abort });
  });
  const moving = range.value.kind === "relative";
  useEffect(() => {
    if (!moving) return;
    const timer = setInterval(() => {
      const { arrivals, at, took, step, total } = counted.current;
      const passed = Date.now() - at;
      // Without arrivals the picture changes only by time going on.
      const wanted = feed.arrivals !== arrivals || passed > step;
      if (!document.hidden && wanted && passed > Math.max(total < FEW ? SOON : RECOUNT, took * 1000 * SHARE)) {
        setRound((n) => n + 1);
      }
    }, SOON);
    return () => clearInterval(timer);
  }, [moving, feed]);
  return { histogram, facets, stale: histogram.loading && counted.current.question !== question };
}
