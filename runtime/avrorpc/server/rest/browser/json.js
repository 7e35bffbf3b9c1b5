// JSON that keeps its numbers: one that a double would change stays as it was written.
import { h } from "./dom.js";

export class Num {
  constructor(text) {
    this.text = text;
  }
  toString() {
    return this.text;
  }
}

const TOKEN =
  /\s*(?:([{}[\],:])|("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?)|(true|false|null))/y;
const DEEPEST = 500;

export function parse(text) {
  let at = 0;
  let token = null;
  const place = (index) => {
    const lines = text.slice(0, index).split("\n");
    return `line ${lines.length}, column ${lines.at(-1).length + 1}`;
  };
  const fail = (what, index = at) => {
    throw new SyntaxError(`${what} at ${place(index)}`);
  };
  const next = () => {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(text);
    if (!found) {
      const rest = text.slice(at).trimStart();
      fail(rest ? `There is no JSON in ${rest.slice(0, 12)}` : "The JSON ends too early", text.length - rest.length);
    }
    at = TOKEN.lastIndex;
    token = found;
    return found;
  };
  const wrong = (wanted) => fail(`Expected ${wanted}, found ${token[0].trim()}`, at - token[0].trimStart().length);
  function value(depth) {
    if (depth > DEEPEST) fail("The JSON is nested too deeply");
    if (token[2]) return JSON.parse(token[2]);
    if (token[3]) return number(token[3]);
    if (token[4]) return JSON.parse(token[4]);
    if (token[1] === "[") return array(depth);
    if (token[1] === "{") return object(depth);
    return wrong("a value");
  }
  function array(depth) {
    const items = [];
    if (next()[1] === "]") return items;
    for (;;) {
      items.push(value(depth + 1));
      next();
      if (token[1] === "]") return items;
      if (token[1] !== ",") wrong(", or ]");
      next();
    }
  }
  function object(depth) {
    const members = {};
    if (next()[1] === "}") return members;
    for (;;) {
      if (!token[2]) wrong("a name in quotes");
      const name = JSON.parse(token[2]);
      if (next()[1] !== ":") wrong(":");
      next();
      const made = value(depth + 1);
      Object.defineProperty(members, name, { value: made, enumerable: true, writable: true, configurable: true });
      next();
      if (token[1] === "}") return members;
      if (token[1] !== ",") wrong(", or }");
      next();
    }
  }
  next();
  const whole = value(0);
  if (text.slice(at).trim()) fail("There is something behind the JSON");
  return whole;
}

export function number(text) {
  return String(Number(text)) === text ? Number(text) : new Num(text);
}

export const isObject = (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Num);

// Lists of scalars stay on one line where they fit.
export function format(value, pad = "") {
  if (value instanceof Num) return value.text;
  if (Array.isArray(value)) {
    const parts = value.map((item) => format(item, `${pad}  `));
    const line = `[${parts.join(", ")}]`;
    const isFlat = value.every((item) => typeof item !== "object" || item === null || item instanceof Num);
    if (!parts.length || (isFlat && line.length < 76)) return line;
    return isFlat && typeof value[0] !== "string"
      ? wrapped(parts, pad)
      : `[\n${pad}  ${parts.join(`,\n${pad}  `)}\n${pad}]`;
  }
  if (isObject(value)) {
    const parts = Object.entries(value).map(([name, item]) => `${JSON.stringify(name)}: ${format(item, `${pad}  `)}`);
    return parts.length ? `{\n${pad}  ${parts.join(`,\n${pad}  `)}\n${pad}}` : "{}";
  }
  return JSON.stringify(value);
}

function wrapped(parts, pad) {
  const lines = [];
  let line = "";
  for (const part of parts) {
    if (line && line.length + part.length > 70) {
      lines.push(`${line},`);
      line = "";
    }
    line += line ? `, ${part}` : part;
  }
  return `[\n${pad}  ${[...lines, line].join(`\n${pad}  `)}\n${pad}]`;
}

export function compact(value) {
  if (value instanceof Num) return value.text;
  if (Array.isArray(value)) return `[${value.map(compact).join(",")}]`;
  if (isObject(value)) {
    return `{${Object.entries(value)
      .map(([name, item]) => `${JSON.stringify(name)}:${compact(item)}`)
      .join(",")}}`;
  }
  return JSON.stringify(value);
}

const COLOURED = /("(?:[^"\\]|\\.)*")(\s*:)?|-?\d[\d.eE+-]*|true|false|null/g;
const MOST_COLOURED = 60_000;
const MOST_SHOWN = 1_000_000;

// JSON text as nodes; a long one without colours, and of a very long one the beginning.
export function coloured(text) {
  if (text.length > MOST_COLOURED) {
    const rest = text.length - MOST_SHOWN;
    return [text.slice(0, MOST_SHOWN), rest > 0 ? h("span", { class: "more" }, `\n… ${rest} characters more`) : null];
  }
  const nodes = [];
  let last = 0;
  for (const found of text.matchAll(COLOURED)) {
    nodes.push(text.slice(last, found.index));
    const [whole, string, colon] = found;
    const kind = colon ? "key" : string ? "string" : /^[tfn]/.test(whole) ? "literal" : "number";
    nodes.push(h("span", { class: `j-${kind}` }, colon ? string : whole), colon ?? "");
    last = found.index + whole.length;
  }
  nodes.push(text.slice(last));
  return nodes;
}
