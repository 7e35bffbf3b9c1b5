// Requests as they go out, and what comes back: whole answers, and events as they come.
import { parse } from "./json.js";
import { ROOT } from "./request.js";
import { store } from "./store.js";

export async function send(request, token, signal, onitem) {
  const headers = { Accept: "application/json", ...request.headers };
  if (token) headers.Authorization = `Bearer ${token}`;
  const started = performance.now();
  const response = await fetch(request.url, {
    method: request.verb,
    headers,
    body: request.body,
    signal,
    cache: "no-store",
  });
  const answer = {
    status: response.status,
    statusText: response.statusText,
    headers: [...response.headers],
    firstMs: performance.now() - started,
    text: "",
  };
  const get = (name) => response.headers.get(name) ?? "";
  answer.type = get("content-type");
  answer.timing = stages(get("server-timing"));
  if (onitem && answer.type.startsWith("text/event-stream"))
    answer.end = await events(response, onitem, answer, started);
  else answer.text = await response.text();
  answer.ms = performance.now() - started;
  return answer;
}

// Server-Timing, as [name, milliseconds].
function stages(header) {
  return header
    .split(",")
    .map((part) => /^\s*([\w-]+).*?dur=([\d.]+)/.exec(part))
    .filter(Boolean)
    .map(([, name, ms]) => [name, Number(ms)]);
}

// Read server-sent events to their end; gives the last event, or null where the connection ended without one.
async function events(response, onitem, answer, started) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  onitem(null, answer);
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return null;
    const blocks = (rest + value).split(/\r?\n\r?\n/);
    rest = blocks.pop();
    for (const block of blocks) {
      const event = { name: "message", data: [], id: null, ms: performance.now() - started };
      for (const line of block.split(/\r?\n/)) {
        const [, field, text] = /^([^:]*)(?:: ?(.*))?$/.exec(line) ?? [];
        if (field === "event") event.name = text;
        if (field === "id") event.id = text;
        if (field === "data") event.data.push(text ?? "");
      }
      if (!event.data.length) continue;
      event.data = event.data.join("\n");
      if (event.name !== "item") return event;
      onitem(event, answer);
    }
  }
}

// Ask the server; an answer that is a problem is raised as one.
export async function result(path, body) {
  const headers = store.token ? { Authorization: `Bearer ${store.token}` } : {};
  const given = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const response = await fetch(new URL(path, ROOT), { ...given, headers });
  const value = parse(await response.text());
  if (!response.ok)
    throw Object.assign(new Error(String(value?.detail ?? response.statusText)), { status: response.status });
  return value;
}
