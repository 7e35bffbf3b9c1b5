// What came back: status, timing, result, headers; a problem as a problem; a stream as it comes.
import { button, copier, fill, h, inline, say, tabs } from "./dom.js";
import { coloured, format, isObject, parse } from "./json.js";

const MOST_ITEMS = 300;
const ms = (value) => `${value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : Math.round(value)} ms`;

export function responseView(message, { resume, next }) {
  const status = h(
    "div",
    { class: "status", role: "status", "aria-live": "polite" },
    h("span", { class: "hint" }, "Nothing was sent yet."),
  );
  const timing = h("div", { class: "timing", hidden: true });
  const shown = h("div", { class: "result" });
  const raw = h("pre", { tabindex: "0", "aria-label": "The body as it came" });
  const headers = h("div", { class: "headers" });
  const panels = tabs("Parts of the response", [
    { name: "Result", panel: shown },
    { name: "Body", panel: raw },
    { name: "Headers", panel: headers },
  ]);
  let body = "";
  const save = button("Save", () => download(body, message), { class: "quiet" });
  const tools = h(
    "span",
    { class: "row", hidden: true },
    copier(() => body),
    save,
  );
  const node = h(
    "section",
    { class: "card response", "aria-label": "Response" },
    h("div", { class: "card-head" }, panels.list, tools),
    h("div", { class: "status-row" }, status),
    timing,
    shown,
    raw,
    headers,
  );

  let list = null;
  let count = 0;
  let lastId = null;
  let waiting = [];
  let frame = 0;

  function start(from) {
    node.setAttribute("aria-busy", "true");
    timing.hidden = tools.hidden = true;
    panels.choose(0, true);
    fill(status, h("span", { class: "spinner" }), from === undefined ? "Waiting…" : "Resuming…");
    if (from !== undefined) return;
    fill(shown);
    fill(raw);
    fill(headers);
    list = null;
    count = 0;
    lastId = null;
    waiting = [];
    body = "";
  }
  function item(event, answer) {
    if (!list) {
      list = h("ol", { class: "stream", tabindex: "0", "aria-label": "Items" });
      fill(shown, list);
    }
    if (event === null) {
      showHeaders(answer);
      return;
    }
    lastId = event.id ?? lastId;
    count += 1;
    body += `${event.data}\n`;
    if (body.length > 4_000_000) body = body.slice(-2_000_000);
    waiting.push({ event, number: count });
    frame ||= requestAnimationFrame(flush);
  }
  // Draw what came since the last frame; of many items, the last.
  function flush() {
    frame = 0;
    const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    for (const { event, number } of waiting.splice(0).slice(-MOST_ITEMS)) {
      list.append(
        h(
          "li",
          null,
          h("span", { class: "nr" }, String(number)),
          h("code", null, coloured(event.data)),
          h("span", { class: "at" }, `+${ms(event.ms)}`),
        ),
      );
    }
    while (list.childElementCount > MOST_ITEMS) list.firstChild.remove();
    if (isAtEnd) list.scrollTop = list.scrollHeight;
    if (node.getAttribute("aria-busy"))
      fill(status, h("span", { class: "spinner" }), `${count} item${count === 1 ? "" : "s"}`);
  }
  function flushed() {
    if (!frame) return;
    cancelAnimationFrame(frame);
    flush();
  }
  function finish(answer, asked) {
    const wasStream = list !== null && answer.type.startsWith("text/event-stream");
    done();
    if (!wasStream) {
      again(answer, asked);
      return;
    }
    raw.textContent = body;
    const end = answer.end;
    const problem = end?.name === "error" ? parse(end.data) : null;
    const isCut = end === null;
    fill(
      status,
      badge(answer.status, problem || isCut ? "bad" : "good"),
      `${count} item${count === 1 ? "" : "s"}, `,
      problem ? "then it failed" : isCut ? "then the connection was lost" : "to the end",
      h("span", { class: "hint" }, ms(answer.ms)),
    );
    if (problem) shown.append(problemView(problem));
    if (isCut) offerResume();
    say(status.textContent);
  }
  function done() {
    node.removeAttribute("aria-busy");
    flushed();
    tools.hidden = false;
  }
  function again(answer, asked) {
    tools.hidden = !answer.text;
    body = answer.text;
    const kind = answer.status < 400 ? "good" : "bad";
    fill(status, badge(answer.status, kind), answer.statusText, h("span", { class: "hint" }, ms(answer.ms)));
    raw.textContent = answer.text;
    showHeaders(answer, asked);
    let value = null;
    try {
      value = answer.text && /json/.test(answer.type) ? parse(answer.text) : answer.text;
    } catch {
      value = answer.text;
    }
    if (answer.type.includes("problem+json") && isObject(value)) {
      fill(shown, problemView(value));
    } else {
      const isEnvelope = isObject(value) && "data" in value && isObject(value.metadata) && "examples" in value;
      const inner = isEnvelope ? value.data : value;
      if (answer.text)
        body = typeof inner === "string" && !isEnvelope && !/json/.test(answer.type) ? inner : format(inner);
      fill(
        shown,
        answer.text
          ? h("pre", { tabindex: "0", "aria-label": "The result" }, coloured(body))
          : h("p", { class: "hint" }, "There is no body."),
        isEnvelope ? h("p", { class: "hint" }, `Request ${String(value.metadata.request_id)}`) : null,
        nextLink(answer),
      );
      showTiming(answer, isEnvelope ? value.metadata.stages_ms : null);
    }
    say(`${answer.status} ${answer.statusText}`);
  }
  function nextLink(answer) {
    const link = answer.headers.find(([name]) => name === "link")?.[1] ?? "";
    const target = /<([^>]*)>;\s*rel="next"/.exec(link)?.[1];
    return target ? button("Next page", () => next(target), { class: "quiet next" }) : null;
  }
  // The stages of the server's work, and how long the whole took as seen from here.
  function showTiming(answer, own) {
    const stages = answer.timing.length
      ? answer.timing
      : Object.entries(own ?? {}).map(([name, value]) => [name, Number(value)]);
    if (!stages.length) return;
    const inside = stages.reduce((sum, [, value]) => sum + value, 0);
    const bar = h("div", { class: "bar", "aria-hidden": "true" });
    const legend = h("dl", { class: "legend", "aria-label": "Time by stage" });
    [...stages, ["on the way", Math.max(answer.ms - inside, 0)]].forEach(([name, value], index, all) => {
      const kind = index === all.length - 1 ? "way" : `s${index % 4}`;
      const part = h("i", { class: kind });
      part.style.flexGrow = String(value);
      bar.append(part);
      legend.append(h("div", null, h("dt", null, h("i", { class: kind }), name), h("dd", null, ms(value))));
    });
    fill(timing, bar, legend);
    timing.hidden = false;
  }
  function showHeaders(answer, asked) {
    const rows = (title, entries) => [
      h("h3", null, title),
      h(
        "dl",
        null,
        entries.map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value))),
      ),
    ];
    fill(
      headers,
      rows("Response", answer.headers),
      asked ? rows(`${asked.verb} ${asked.url}`, Object.entries(asked.headers)) : null,
    );
  }
  function offerResume() {
    const canResume = lastId !== null && (message.readonly || message.idempotent);
    if (canResume) status.append(button("Resume", () => resume(lastId), { class: "quiet" }));
  }
  function fail(error) {
    done();
    tools.hidden = !body;
    raw.textContent = body;
    const what = error
      ? "The server cannot be reached, or broke off."
      : list
        ? `Stopped after ${count} item${count === 1 ? "" : "s"}`
        : "Stopped";
    fill(
      status,
      h("span", { class: `pill ${error ? "bad" : "even"}` }, error ? "failed" : "stopped"),
      what,
      error ? h("span", { class: "hint" }, String(error.message ?? error)) : null,
    );
    if (list) offerResume();
    say(what);
  }
  return { node, start, item, finish, again, fail };
}

const badge = (code, kind) => h("span", { class: `pill ${kind}` }, String(code));

const KNOWN = new Set(["title", "status", "detail", "code", "error_id", "errors", "type", "error", "details"]);

// A problem document (RFC 9457).
function problemView(problem) {
  const rows = [
    ["Code", problem.code],
    ["Type", problem.type],
    ["Error id", problem.error_id],
  ].filter(([, value]) => value !== undefined && value !== "about:blank");
  const rest = Object.fromEntries(Object.entries(problem).filter(([name]) => !KNOWN.has(name)));
  const json = (title, value) => [h("h3", null, title), h("pre", { tabindex: "0" }, coloured(format(value)))];
  return h(
    "div",
    { class: "problem", role: "group", "aria-label": "Problem" },
    h("h2", null, String(problem.title ?? "Problem")),
    problem.detail === undefined ? null : h("p", null, inline(String(problem.detail))),
    Array.isArray(problem.errors)
      ? h(
          "table",
          null,
          h("thead", null, h("tr", null, h("th", null, "Where"), h("th", null, "What is wrong"))),
          h(
            "tbody",
            null,
            problem.errors.map((one) =>
              h(
                "tr",
                null,
                h("td", null, h("code", null, String(one?.pointer ?? "") || "(all)")),
                h("td", null, String(one?.detail ?? "")),
              ),
            ),
          ),
        )
      : null,
    problem.error === undefined ? null : json("The declared error", problem.error),
    problem.details === undefined ? null : json("Details", problem.details),
    Object.keys(rest).length ? json("More", rest) : null,
    h(
      "dl",
      { class: "facts" },
      rows.map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, h("code", null, String(value))))),
    ),
  );
}

// Save a body; one that is bytes as a JSON string is saved as those bytes.
function download(body, message) {
  const isBytes = message.routes[0].gives?.contentEncoding === "base64";
  const text = body.trim();
  const content =
    isBytes && /^"[A-Za-z0-9+/]*={0,2}"$/.test(text)
      ? Uint8Array.from(atob(text.slice(1, -1)), (one) => one.charCodeAt(0))
      : body;
  const url = URL.createObjectURL(new Blob([content]));
  h("a", { href: url, download: `${message.name}.${isBytes ? "bin" : "json"}` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
