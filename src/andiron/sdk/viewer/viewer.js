"use strict";
const MOST = 2000;
const $ = (id) => document.getElementById(id);
const rows = $("rows");
let records = [];
let waiting = [];
let paused = false;

function matches(record) {
  if (record.severity < Number($("level").value)) return false;
  const wanted = $("find").value.trim().toLowerCase();
  if (!wanted) return true;
  const pair = wanted.match(/^([^=\s]+)=(.*)$/);
  if (pair && pair[1] in record.attributes) return String(record.attributes[pair[1]]).toLowerCase() === pair[2];
  return JSON.stringify(record).toLowerCase().includes(wanted);
}

function took(record) {
  if (record.milliseconds === null || record.kind === "log") return "";
  return record.milliseconds >= 1000 ? (record.milliseconds / 1000).toFixed(2) + " s" : record.milliseconds.toFixed(1) + " ms";
}

function cell(text) {
  const td = document.createElement("td");
  td.textContent = text;
  return td;
}

function line(record) {
  const tr = document.createElement("tr");
  tr.className = "row " + record.level;
  tr.tabIndex = 0;
  const time = new Date(record.time);
  const clock = time.toLocaleTimeString([], { hour12: false }) + "." + String(time.getMilliseconds()).padStart(3, "0");
  tr.append(cell(clock), cell(record.level), cell(record.message), cell(took(record)), cell(record.logger));
  const toggle = () => {
    if (tr.nextSibling && tr.nextSibling.dataset && tr.nextSibling.dataset.of === String(record.number)) {
      tr.nextSibling.remove();
      return;
    }
    const detail = document.createElement("tr");
    detail.dataset.of = String(record.number);
    const td = cell("");
    td.colSpan = 5;
    const pre = document.createElement("pre");
    const { number, severity, kind, exception, ...shown } = record;
    const stack = exception["exception.stacktrace"];
    delete exception["exception.stacktrace"];
    pre.textContent = JSON.stringify({ ...shown, exception }, null, 2) + (stack ? "\n\n" + stack : "");
    if (stack) exception["exception.stacktrace"] = stack;
    td.append(pre);
    detail.append(td);
    tr.after(detail);
  };
  tr.addEventListener("click", toggle);
  tr.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); toggle(); }
  });
  return tr;
}

function show() {
  rows.replaceChildren(...records.filter(matches).slice(-500).reverse().map(line));
  $("empty").hidden = rows.childElementCount > 0;
}

function take(found) {
  if (paused) { waiting.push(...found); $("state").textContent = waiting.length + " waiting"; return; }
  records.push(...found);
  records = records.slice(-MOST);
  for (const record of found) if (matches(record)) rows.prepend(line(record));
  while (rows.childElementCount > 1000) rows.lastChild.remove();
  $("empty").hidden = rows.childElementCount > 0;
}

$("find").addEventListener("input", show);
$("level").addEventListener("change", show);
$("clear").addEventListener("click", () => { records = []; show(); });
$("pause").addEventListener("click", () => {
  paused = !paused;
  $("pause").setAttribute("aria-pressed", String(paused));
  $("pause").textContent = paused ? "Resume" : "Pause";
  $("state").textContent = paused ? "paused" : "live";
  if (!paused) { const held = waiting; waiting = []; take(held); }
});

const stream = new EventSource("events");
stream.onopen = () => { $("state").textContent = "live"; };
stream.onerror = () => { $("state").textContent = "the application does not answer; trying again …"; };
stream.onmessage = (event) => take(JSON.parse(event.data));
