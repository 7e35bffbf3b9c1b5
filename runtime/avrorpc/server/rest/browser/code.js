// The lines that do the same as a request elsewhere: curl, Python by a generated client, and DualClient.
import { copier, h, tabs } from "./dom.js";
import { Num, isObject } from "./json.js";
import { ROOT } from "./request.js";
import { store } from "./store.js";

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

function curl(request, hasToken) {
  const parts = [
    `curl${request.headers.Accept ? " -N" : ""}${request.verb === "GET" ? "" : ` -X ${request.verb}`} ${quoted(request.url)}`,
  ];
  for (const [name, value] of Object.entries(request.headers)) parts.push(`-H ${quoted(`${name}: ${value}`)}`);
  if (hasToken) parts.push('-H "Authorization: Bearer $TOKEN"');
  if (request.body !== null) parts.push(`--data-binary ${quoted(request.body)}`);
  return parts.join(" \\\n  ");
}

const KEYWORDS = new Set(
  (
    "False None True and as assert async await break class continue def del elif else except finally for from " +
    "global if import in is lambda nonlocal not or pass raise return try while with yield"
  ).split(" "),
);
const named = (name) => (KEYWORDS.has(name) ? `${name}_` : name);

// A JSON value as Python; with a schema, as what generated code takes.
function literal(value) {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (isObject(value))
    return `{${Object.entries(value)
      .map(([name, item]) => `${literal(name)}: ${literal(item)}`)
      .join(", ")}}`;
  if (typeof value === "number" || value instanceof Num) return String(value);
  return JSON.stringify(value).replace(
    /\u007f|[\u2028\u2029]/g,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

class Typed {
  constructor(schemas) {
    this.schemas = schemas;
    this.modules = new Set();
    this.names = new Map();
  }

  use(module) {
    this.modules.add(module);
  }

  type(full) {
    const [, space, name] = /^(?:(.*)\.)?([^.]+)$/.exec(full);
    const module = space ? `contracts.${space}` : "contracts";
    this.names.set(module, (this.names.get(module) ?? new Set()).add(name));
    return name;
  }

  of(given, value) {
    const schema = this.schemas.resolve(given);
    const kind = this.schemas.kind(schema);
    if (value === null) return "None";
    if (kind === "union") {
      const branch = this.schemas.branches(schema).find((one) => this.schemas.fits(one, value));
      return branch ? this.of(branch, value) : literal(value);
    }
    if (kind === "array" && Array.isArray(value))
      return `[${value.map((item) => this.of(schema.items, item)).join(", ")}]`;
    if (kind === "enum" && schema.name)
      return /^[A-Za-z_]\w*$/.test(value) ? `${this.type(schema.name)}.${named(value)}` : literal(value);
    if (kind === "float" && typeof value === "string") return `float(${literal(value)})`;
    if (kind === "map" && isObject(value)) {
      return `{${Object.entries(value)
        .map(([name, item]) => `${literal(name)}: ${this.of(schema.additionalProperties ?? {}, item)}`)
        .join(", ")}}`;
    }
    if (kind === "record" && isObject(value)) {
      const members = Object.entries(value).filter(([name]) => name !== "$type");
      if (!schema.name)
        return members.length === 1 ? this.of(schema.properties?.[members[0][0]] ?? {}, members[0][1]) : literal(value);
      return `${this.type(schema.name)}(${members.map(([name, item]) => `${named(name)}=${this.of(schema.properties?.[name] ?? {}, item)}`).join(", ")})`;
    }
    if (typeof value !== "string") return literal(value);
    return this.text(schema, kind, literal(value));
  }

  text(schema, kind, text) {
    if (kind === "bytes") {
      this.use("base64");
      return `base64.b64decode(${text})`;
    }
    const [module, call] =
      {
        date: ["datetime", "datetime.date.fromisoformat"],
        "date-time": ["datetime", "datetime.datetime.fromisoformat"],
        "date-time-local": ["datetime", "datetime.datetime.fromisoformat"],
        "time-local": ["datetime", "datetime.time.fromisoformat"],
        decimal: ["decimal", "decimal.Decimal"],
        uuid: ["uuid", "uuid.UUID"],
      }[schema.format] ?? [];
    if (!module) return text;
    this.use(module);
    return `${call}(${text})`;
  }
}

const address = () => JSON.stringify(ROOT.origin);
const TOKEN_LINE = (isBytes) => `{"authorization": ${isBytes ? "b" : ""}"Bearer ..."}`;

// Python by the generated client; the name of the generated package is the reader's own.
function python(message, route, values, hasToken) {
  const typed = new Typed(store.schemas);
  const short = message.service.name.split(".").at(-1);
  const space = message.service.name.slice(0, -short.length);
  const client = typed.type(`${space}${short}Client`);
  const given = route.parameters
    .filter((one) => values[one.field] !== undefined)
    .map((one) => `${named(one.field)}=${typed.of(one.schema, values[one.field])}`)
    .join(", ");
  const options = hasToken ? `, metadata=${TOKEN_LINE(true)}` : "";
  const call = `client.${named(message.name)}(${given})`;
  const body =
    message.streaming === "RESPONSE" || message.streaming === "BOTH"
      ? `    for item in ${call}:\n        print(item)`
      : message.one_way
        ? `    ${call}`
        : `    print(${call})`;
  const imports = [...typed.modules].sort().map((one) => `import ${one}`);
  const from = [...typed.names]
    .sort()
    .map(([module, names]) => `from ${module} import ${[...names].sort().join(", ")}`);
  return [
    ...imports,
    imports.length ? "" : null,
    "from avrorpc import connect",
    "# contracts: the package that was generated for you",
    ...from,
    "",
    `with connect(${client}, ${address()}${options}) as client:`,
    body,
  ]
    .filter((one) => one !== null)
    .join("\n");
}

function dual(message, route, values, mode, hasToken) {
  const data = literal(values);
  const verb = route.verb.toLowerCase();
  const names = `${literal(message.service.segment)}, ${literal(route.isFree ? route.path.split("/").at(-1) : message.name)}`;
  const given = route.isFree ? literal(values.body ?? {}) : data;
  const options = `mode="${mode}"${hasToken ? `, metadata=${TOKEN_LINE(false)}` : ""}`;
  const call =
    message.streaming === "RESPONSE"
      ? `        async for item in client.stream(${names}, ${data}):\n            print(item)`
      : `        print(await client.${verb}(${names}, ${given}))`;
  return [
    "import asyncio",
    "",
    "from avrorpc.dual import DualClient",
    "",
    "",
    "async def main() -> None:",
    `    async with await DualClient.connect(${address()}, ${options}) as client:`,
    call,
    "",
    "",
    "asyncio.run(main())",
  ].join("\n");
}

// The lines, with a button that copies them.
export function codeView(message) {
  const panels = ["curl", "Python", "DualClient"].map((name) => ({ name, panel: h("pre", { tabindex: "0" }) }));
  const choice = tabs("The same elsewhere", panels);
  const node = h(
    "section",
    { class: "card code" },
    h(
      "div",
      { class: "card-head" },
      choice.list,
      copier(() => panels[choice.current].panel.textContent),
    ),
    panels.map((one) => one.panel),
  );
  return {
    node,
    show(route, now, request) {
      const hasToken = Boolean(store.token);
      const lines = ["REQUEST", "BOTH"].includes(message.streaming)
        ? "# DualClient sends no streams; the generated client does."
        : dual(message, route, now, store.mode, hasToken);
      panels[0].panel.textContent = curl(request, hasToken);
      // No generated client has what every service has.
      panels[1].panel.textContent = message.isGenerated ? lines : python(message, route, now, hasToken);
      panels[2].panel.textContent = lines;
    },
  };
}
