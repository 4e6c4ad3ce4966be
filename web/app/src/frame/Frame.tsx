/** What stays while pages change: the rail, the bar, and what stands in for a page: sign-in, a missing address, a server that is gone. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { reachable, signedOut } from "../api/client";
import { loadMe, me } from "../api/me";
import { Failed, Loading } from "../parts/Panel";
import { path } from "../state/address";
import { Bar } from "./Bar";
import { KeysHelp } from "./KeysHelp";
import { helpOpen, listen, useKeys } from "./keys";
import { Missing } from "./Missing";
import { type Page, pageOf } from "./pages";
import { Rail } from "./Rail";
import { SignIn } from "./SignIn";
import "./frame.css";

const AGAIN = 3000;

export function Frame() {
  useEffect(listen, []);
  useKeys("Everywhere", [
    {
      keys: "?",
      words: "Show all keys",
      act: () => {
        helpOpen.value = true;
      },
    },
  ]);
  if (signedOut.value) return <SignIn />;
  const page = pageOf(path.value);
  return (
    <div class="frame">
      <a class="skip" href="#page">
        Go to the page
      </a>
      <Rail current={page?.id ?? ""} />
      <div class="frame-main">
        <Bar page={page} />
        {!reachable.value && <Gone />}
        <main id="page" class="frame-page" tabIndex={-1}>
          {page ? <Shown key={page.id} page={page} /> : <Missing />}
        </main>
      </div>
      {helpOpen.value && (
        <KeysHelp
          close={() => {
            helpOpen.value = false;
          }}
        />
      )}
    </div>
  );
}

function Shown({ page }: { page: Page }) {
  const [Content, setContent] = useState<ComponentType | undefined>(undefined);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    document.title = `${page.words} · Andiron`;
    page.load().then(
      (component) => setContent(() => component),
      () => setFailed(true),
    );
  }, []);
  if (failed) {
    return (
      <Failed
        problem={{
          type: "about:blank",
          title: "The page did not load",
          status: 0,
          detail: "Its code could not be fetched; after an update of the server a reload helps.",
        }}
        again={() => location.reload()}
      />
    );
  }
  // Until it is known who looks, a page would ask in vain.
  return Content && me.value ? <Content /> : <Loading />;
}

/** Looks for the server until it is back. */
function Gone() {
  useEffect(() => {
    const timer = setInterval(() => loadMe().catch(() => {}), AGAIN);
    return () => clearInterval(timer);
  }, []);
  return (
    <div class="gone row" role="alert">
      <span class="level-error" aria-hidden="true">
        ✕
      </span>
      The server does not answer. What you see may be old; this page goes on by itself as soon as it is back.
    </div>
  );
}
