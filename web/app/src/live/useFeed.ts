/** The feed of the present question. What the one before had found stays in sight until the new one has an answer. */
import { useEffect, useMemo, useRef } from "preact/hooks";
import { project } from "../api/client";
import { Feed, type Question } from "./feed";

export function useFeed(question: Question, held: boolean): Feed {
  const key = JSON.stringify([question.q, question.range, question.columns, project.value]);
  const last = useRef<{ feed: Feed; project: string } | undefined>(undefined);
  const feed = useMemo(() => {
    // Another project's records are none of this one's.
    const before = last.current?.project === project.value ? last.current.feed.rows.value : undefined;
    const made = new Feed(question, before);
    last.current = { feed: made, project: project.value };
    return made;
  }, [key]);
  useEffect(() => {
    void feed.load();
    return () => feed.close();
  }, [feed]);
  useEffect(() => feed.hold(held), [feed, held]);
  return feed;
}
