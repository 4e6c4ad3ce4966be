/** What stays while pages change: the rail, the bar, and what stands in for a page: sign-in, a missing address, a server that is gone. */
import type { ComponentType } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { reachable, signedOut } from "../api/client";
import { me, opened } from "../api/me";
import { Failed, Loading, Nothing } from "../parts/Panel";
import { go, link, path, projectNamed } from "../state/address";
import { Bar } from "./Bar";
import { KeysHelp } from "./KeysHelp";
import { helpOpen, listen, useKeys } from "./keys";
import { Missing } from "./Missing";
import { type Page, pageOf } from "./pages";
import { Rail } from "./Rail";
import { SignIn } from "./SignIn";
import { useServer } from "./useServer";
import { useTitle } from "./useTitle";
import "./frame.css";

export function Frame() {
  const main = useRef<HTMLElement>(null);
  useEffect(listen, []);
  useServer();
  const before = useRef(path.value);
  useEffect(() => {
    if (before.current === path.value) return;
    before.current = path.value;
    // The link that led here may be gone with its page; the next Tab should not begin at the top again.
    if (document.activeElement === document.body) main.current?.focus({ preventScroll: true });
  }, [path.value]);
  useKeys("Everywhere", [
    {
      keys: "?",
      words: "Show all keys",
      act: () => {
        helpOpen.value = true;
      },
    },
  ]);
  const signing = path.value === "sign-in";
  const served = me.value?.tokenless ?? false;
  useEffect(() => {
    // Where no token is needed, there is nothing to sign in to.
    if (signing && served) go(link(""), { replace: true });
  }, [signing, served]);
  if (signedOut.value || signing) return <SignIn />;
  const page = pageOf(path.value);
  return (
    <div class="frame">
      <a
        class="skip"
        href={location.href}
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        Go to the page
      </a>
      <Rail current={page?.id ?? ""} />
      <div class="frame-main">
        <Bar page={page} />
        {!reachable.value && <Gone />}
        <main id="page" ref={main} class="frame-page" tabIndex={-1}>
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
  useTitle(page.words);
  useEffect(() => {
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
  const named = projectNamed.value;
  if (named && me.value && !opened(me.value, named)) return <NotOpen name={named} />;
  // Until it is known who looks, a page would ask in vain.
  return Content && me.value ? <Content /> : <Loading />;
}

/** A link into a project that is gone, or that the reader has no token for. */
function NotOpen({ name }: { name: string }) {
  return (
    <Nothing title={`The project ${name} is not open to you`}>
      <p class="second-text">
        It was deleted, or {me.value?.tokenless ? "its name is another one." : "it needs a token of its own."}
      </p>
      <p class="row">
        {!me.value?.tokenless && (
          <a class="button" href={link("sign-in", { project: null })}>
            Sign in with its token
          </a>
        )}
        <a class="button" href={link(path.value, { project: null })}>
          Show {me.value?.project}
        </a>
      </p>
    </Nothing>
  );
}

function Gone() {
  return (
    <div class="gone row" role="alert">
      <span class="level-error" aria-hidden="true">
        ✕
      </span>
      The server does not answer. What you see may be old; this page goes on by itself as soon as it is back.
    </div>
  );
}
