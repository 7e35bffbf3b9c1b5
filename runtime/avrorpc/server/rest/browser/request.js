// A request out of the arguments of a message.
import { compact } from "./json.js";

export const ROOT = new URL(".", document.baseURI);
const plain = (value) => (typeof value === "string" ? value : compact(value));

export function build(route, values, { mode, key, timeout, metadata, isStream, lastId }) {
  const rest = { ...values };
  const headers = {};
  const query = new URLSearchParams();
  let path = route.path;
  let body = null;
  for (const one of route.parameters) {
    const value = rest[one.field];
    if (one.in !== "member") delete rest[one.field];
    if (one.in === "path")
      path = path.replace(`{${one.name}}`, encodeURIComponent(value === undefined ? "" : plain(value)));
    else if (one.in === "body") body = value === undefined ? null : compact(value);
    else if (one.in === "items")
      body = (Array.isArray(value) ? value : []).map((item) => `${compact(item)}\n`).join("");
    else if (value === undefined) continue;
    else if (one.in === "header") headers[one.name] = one.isJson ? compact(value) : plain(value);
    else if (one.in === "query" && one.isJson) query.append(one.name, compact(value));
    else if (one.in === "query" && Array.isArray(value)) for (const item of value) query.append(one.name, plain(item));
    else if (one.in === "query" && value !== null) query.append(one.name, plain(value));
  }
  // What the contract does not know is sent all the same: the server says what is wrong with it.
  const hasItems = route.parameters.some((one) => one.in === "items");
  const takesMembers = ["POST", "PUT", "PATCH"].includes(route.verb) && !hasItems && body === null;
  if (takesMembers && Object.keys(rest).length) body = compact(rest);
  else if (!takesMembers) for (const [name, value] of Object.entries(rest)) query.append(name, plain(value));
  if (body !== null) headers["Content-Type"] = hasItems ? "application/x-ndjson" : "application/json";
  if (isStream) headers.Accept = "text/event-stream";
  if (mode && !route.isFree) headers["Avrorpc-Mode"] = mode;
  if (key) headers["Idempotency-Key"] = key;
  if (timeout) headers["Avrorpc-Timeout-Ms"] = timeout;
  if (lastId !== undefined) headers["Last-Event-ID"] = String(lastId);
  for (const line of (metadata ?? "").split("\n")) {
    const [, name, value] = /^\s*([^\s:]+)\s*:\s*(.*?)\s*$/.exec(line) ?? [];
    if (name) headers[`Avrorpc-Metadata-${name}`] = value;
  }
  const text = query.toString();
  return { verb: route.verb, url: new URL(path.slice(1), ROOT).href + (text ? `?${text}` : ""), headers, body };
}
