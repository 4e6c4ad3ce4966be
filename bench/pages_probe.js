// What a page is measured with: runs before its own code, notes in `probe` when something was painted, and how smoothly.
// `bench/pages_*.py` put it into each page and ask it. A time is taken in the message after a frame: that is at most one frame late.
(() => {
  const FRAME = 1000 / 60;
  const MARK = /"message":"sent-(\d+\.\d+)/g;
  const painted = {};
  const wanted = {};
  const callers = {};
  let frames = [];
  let tasks = [];
  let latencies = [];
  let handedOver = [];
  let skipped = 0;
  let arrived = [];
  let paused = false;
  let smooth = false;

  const afterPaint = (then) =>
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => then(performance.now());
      channel.port2.postMessage(0);
    });

  function note(name, at) {
    painted[name] = at;
    for (const tell of callers[name] ?? []) tell(at);
    delete callers[name];
  }

  // First paints: the first time that something stands in the document, and a frame with it.
  new MutationObserver(() => {
    for (const [name, selector] of Object.entries(wanted)) {
      if (!document.querySelector(selector)) continue;
      delete wanted[name];
      afterPaint((at) => note(name, at));
    }
    listen();
  }).observe(document, { childList: true, subtree: true });

  // A list that changes: marks that had arrived are in it. After Enter, the first change that follows the answer.
  let list;
  let answered = false;
  const changes = new MutationObserver(() => {
    if (answered) {
      answered = false;
      afterPaint((at) => note("found", at));
    }
    if (!arrived.length) return;
    const these = arrived;
    arrived = [];
    afterPaint((at) => {
      for (const sent of these) latencies.push(performance.timeOrigin + at - sent);
    });
  });
  function listen() {
    const found = document.querySelector(".live-list");
    if (!found || found === list) return;
    list = found;
    changes.disconnect();
    changes.observe(list, { childList: true, subtree: true, characterData: true });
  }

  addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Enter") return;
      delete painted.found;
      probe.entered = performance.now();
    },
    true,
  );
  const fetched = window.fetch;
  window.fetch = async (...asked) => {
    const answer = await fetched(...asked);
    const address = asked[0] instanceof Request ? asked[0].url : String(asked[0]);
    if (address.includes("pages/api/search") && probe.entered) answered = true;
    return answer;
  };
  const Source = window.EventSource;
  window.EventSource = class extends Source {
    constructor(...asked) {
      super(...asked);
      this.addEventListener("records", (event) => {
        const now = performance.timeOrigin + performance.now();
        for (const [, sent] of event.data.matchAll(MARK)) {
          arrived.push(Number(sent));
          handedOver.push(now - sent);
        }
        skipped += Number(/"skipped":(\d+)}$/.exec(event.data)?.[1] ?? 0);
      });
    }
  };

  new PerformanceObserver((seen) => {
    if (!paused) for (const task of seen.getEntries()) tasks.push(task.duration);
  }).observe({ type: "longtask" });

  function watchFrames() {
    smooth = true;
    let last;
    const next = (at) => {
      if (!smooth) return;
      if (last !== undefined && !paused) frames.push(at - last);
      last = paused ? undefined : at;
      requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
  }

  const probe = {
    entered: 0,
    want: (name, selector) => {
      wanted[name] = selector;
    },
    /** When it was painted. */
    until: (name) =>
      painted[name] !== undefined
        ? painted[name]
        : new Promise((tell) => {
            callers[name] ??= [];
            callers[name].push(tell);
          }),
    contentful: () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0,
    requests: () =>
      [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")].map((each) => [
        each.name.replace(location.origin, ""),
        each.startTime,
        each.responseEnd,
      ]),
    pause: () => {
      paused = true;
    },
    goOn: () => {
      // What the pause itself has made is over after a frame.
      setTimeout(() => {
        paused = false;
      }, 50);
    },
    watchFrames,
    /** What was noted since the last time. */
    taken: () => {
      const noted = {
        frames: frames.length,
        dropped: frames.reduce((sum, each) => sum + Math.max(0, Math.round(each / FRAME) - 1), 0),
        worst: Math.max(0, ...frames),
        tasks,
        latencies,
        handedOver,
        skipped,
      };
      frames = [];
      tasks = [];
      latencies = [];
      handedOver = [];
      skipped = 0;
      return noted;
    },
    /** From the top to the end of a list. */
    scrolled: (selector, length) =>
      new Promise((done) => {
        const rows = document.querySelector(selector);
        const room = rows.scrollHeight - rows.clientHeight;
        frames = [];
        tasks = [];
        watchFrames();
        let begin;
        const step = (at) => {
          begin ??= at;
          const share = Math.min(1, (at - begin) / length);
          rows.scrollTop = room * share;
          if (share < 1) requestAnimationFrame(step);
          else
            setTimeout(() => {
              smooth = false;
              done(probe.taken());
            }, 100);
        };
        requestAnimationFrame(step);
      }),
  };
  window.probe = probe;
})();
