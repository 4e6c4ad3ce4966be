/** A stack trace as frames, in the languages that are seen most; what cannot be read stays text. */

export interface StackFrame {
  file: string;
  line: number | null;
  function: string;
  /** The line of code, where the trace has it. */
  code: string;
  /** Of the application itself, not of a library or the language. */
  own: boolean;
}

export interface Stack {
  frames: StackFrame[];
  /** Whether the frame where it happened comes last, as Python has it. */
  newestLast: boolean;
  /** The lines after the last frame: type and message. */
  end: string;
}

const LIBRARY =
  /site-packages|dist-packages|\/andiron\/(?:sdk|delivery|redaction)\/|\/lib\/python3|node_modules|node:|internal\/|<frozen|\/usr\/lib|\/\.cargo\/|\/pkg\/mod\/|java\.base|^(java|javax|jdk|sun|org\.springframework|org\.apache)\./;

export function stackOf(text: string): Stack | undefined {
  return python(text) ?? dotted(text) ?? go(text);
}

/** `File "x.py", line 3, in f`, with the code on the next line. The last traceback of a chain is the one that was raised. */
function python(text: string): Stack | undefined {
  if (!/^\s*File "/m.test(text)) return undefined;
  const lines = text.split("\n");
  const frames: StackFrame[] = [];
  let end = 0;
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? "";
    if (/^Traceback \(most recent call last\)/.test(line)) frames.length = 0;
    const found = /^\s*File "(.*)", line (\d+)(?:, in (.*))?$/.exec(line);
    if (!found) continue;
    const next = lines[index + 1] ?? "";
    const code = /^\s{4,}\S/.test(next) && !/^\s*File "/.test(next) ? next.trim() : "";
    frames.push({
      file: found[1] ?? "",
      line: Number(found[2]),
      function: found[3] ?? "",
      code,
      own: isOwn(found[1] ?? ""),
    });
    end = index + (code ? 2 : 1);
  }
  while (/^\s+[~^]*[\^~]+\s*$/.test(lines[end] ?? "")) end += 1;
  return { frames, newestLast: true, end: lines.slice(end).join("\n").trim() };
}

/** JavaScript (`at f (file:1:2)`), Java (`at a.b.C.m(C.java:3)`) and .NET (`at A.B() in file:line 3`). */
function dotted(text: string): Stack | undefined {
  const frames: StackFrame[] = [];
  const rest: string[] = [];
  for (const line of text.split("\n")) {
    const at = /^\s*at (.*)$/.exec(line)?.[1];
    if (at === undefined) {
      if (!frames.length) rest.push(line);
      continue;
    }
    const net = /^(.*) in (.*):line (\d+)$/.exec(at);
    const java = /^(.*)\(([\w$]+\.\w+):(\d+)\)$/.exec(at);
    const script = /^(?:(.*) \()?(.*?):(\d+)(?::\d+)?\)?$/.exec(at);
    const found = net
      ? [net[1], net[2], net[3]]
      : java
        ? [java[1], java[2], java[3]]
        : script
          ? [script[1], script[2], script[3]]
          : [at, "", ""];
    const [name = "", file = "", number = ""] = found.map((each) => each ?? "");
    frames.push({
      file,
      line: number ? Number(number) : null,
      function: name,
      code: "",
      own: isOwn(file) && isOwn(name),
    });
  }
  return frames.length ? { frames, newestLast: false, end: rest.join("\n").trim() } : undefined;
}

/** Go: `main.handle(0xc0001)` and on the next line `\t/app/main.go:12 +0x1d`. */
function go(text: string): Stack | undefined {
  const lines = text.split("\n");
  const frames: StackFrame[] = [];
  const rest: string[] = [];
  for (let index = 0; index < lines.length; index += 1) {
    const place = /^\t(\S.*\.go):(\d+)(?: \+0x[0-9a-f]+)?$/.exec(lines[index + 1] ?? "");
    const line = lines[index] ?? "";
    if (place) {
      const file = place[1] ?? "";
      const name = line.replace(/\([^()]*\)$/, "").replace(/^created by /, "");
      const own = isOwn(file) && !/\/go\/src\/|\/libexec\/src\//.test(file);
      frames.push({ file, line: Number(place[2]), function: name, code: "", own });
      index += 1;
    } else if (!frames.length) rest.push(line);
  }
  return frames.length ? { frames, newestLast: false, end: rest.join("\n").trim() } : undefined;
}

function isOwn(place: string): boolean {
  return !LIBRARY.test(place);
}
