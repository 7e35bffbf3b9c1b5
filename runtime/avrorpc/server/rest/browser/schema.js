// What the OpenAPI document and the list of services say, put together for the page.
import { Num, isObject } from "./json.js";

export class Schemas {
  constructor(document) {
    this.components = document.components?.schemas ?? {};
  }

  // Follow references; what stands beside one wins. `name` is the full name of what was referred to.
  resolve(schema) {
    let { $ref, ...own } = schema;
    let name = null;
    for (let steps = 0; $ref && steps < 20; steps += 1) {
      const component = $ref.split("/").at(-1);
      name = component.replace(/-tagged$/, "");
      const { $ref: next, ...found } = this.components[component] ?? {};
      own = { ...found, ...own };
      $ref = next;
    }
    if (own.allOf) own = { ...this.resolve(own.allOf[0]), ...own };
    return name && !own.name ? { ...own, name } : own;
  }

  kind(schema) {
    if (schema.const !== undefined) return "const";
    if (schema.enum) return "enum";
    if (schema.anyOf) return this.isFloat(schema) ? "float" : "union";
    if (schema.contentEncoding === "base64") return "bytes";
    if (schema.type === "object") return schema.properties || schema.additionalProperties === false ? "record" : "map";
    return { integer: "integer", number: "float" }[schema.type] ?? schema.type ?? "any";
  }

  isFloat(schema) {
    const [first, second] = schema.anyOf;
    return schema.anyOf.length === 2 && first.type === "number" && Boolean(second.enum?.includes("NaN"));
  }

  branches(schema) {
    return schema.anyOf.map((one) => this.resolve(one));
  }

  // A type in one or two words.
  title(given) {
    const schema = this.resolve(given);
    const kind = this.kind(schema);
    if (schema.properties?.$type || kind === "record" || kind === "enum") {
      return (
        schema.name?.split(".").at(-1) ??
        (kind === "record" ? Object.keys(schema.properties ?? {}).join(", ") || "nothing" : "enum")
      );
    }
    if (kind === "union")
      return this.branches(schema)
        .map((one) => this.title(one))
        .join(" | ");
    if (kind === "array") return `${this.title(schema.items)}[]`;
    if (kind === "map") return `map of ${this.title(schema.additionalProperties ?? {})}`;
    if (kind === "float") return schema.name?.replace("avro-", "") ?? "number";
    return { int32: "int", int64: "long" }[schema.format] ?? schema.format ?? kind;
  }

  // Whether a value looks like one of this type, as far as a union has to know.
  fits(schema, value) {
    const kind = this.kind(schema);
    const isNumber = typeof value === "number" || value instanceof Num;
    switch (kind) {
      case "null":
        return value === null;
      case "const":
        return value === schema.const;
      case "enum":
        return schema.enum.includes(value);
      case "float":
        return isNumber || ["NaN", "Infinity", "-Infinity"].includes(value);
      case "integer":
        return isNumber;
      case "boolean":
        return typeof value === "boolean";
      case "array":
        return Array.isArray(value);
      case "union":
        return this.branches(schema).some((one) => this.fits(one, value));
      case "map":
        return isObject(value);
      case "record":
        if (!isObject(value)) return false;
        if (schema.properties?.$type) return value.$type === schema.properties.$type.const;
        return (
          (schema.required ?? []).every((name) => name in value) &&
          Object.keys(value).every((name) => name in (schema.properties ?? {}))
        );
      default:
        return typeof value === "string";
    }
  }
}

const shape = (path) => path.replace(/\{[^}]*\}/g, "{}");

// Services with their messages, each with its routes, each with its parameters.
export function outline(document, services, schemas) {
  const operations = new Map();
  for (const [path, item] of Object.entries(document.paths)) {
    for (const [verb, operation] of Object.entries(item)) {
      operations.set(`${verb.toUpperCase()} ${shape(path)}`, { path, operation });
    }
  }
  return services.map((service) => {
    const own = new Set();
    const messages = service.messages.map((message) => ({ ...message, service, routes: [] }));
    for (const route of service.routes) {
      const id = `${route.verb} ${shape(route.path)}`;
      const found = operations.get(id);
      const message = messages.find((one) => one.name === route.message);
      if (!found || !message) continue;
      own.add(id);
      message.routes.push(describe(route, found.operation, schemas));
    }
    const generated = [];
    for (const [id, { path, operation }] of operations) {
      if (own.has(id) || !operation.tags?.includes(service.segment)) continue;
      const verb = id.split(" ")[0];
      const last = path.split("/").at(-1);
      const name = last === "config" && verb !== "GET" ? `config-${verb.toLowerCase()}` : last;
      const body = operation.requestBody?.content?.["application/json"]?.schema;
      const parameters = body ? [{ field: "body", in: "body", name: "body" }] : [];
      const route = { verb, path, message: name, parameters, isFree: true };
      generated.push({
        name,
        service,
        doc: operation.summary,
        isGenerated: true,
        streaming: "NONE",
        errors: [],
        routes: [describe(route, operation, schemas)],
      });
    }
    return { ...service, messages: messages.filter((one) => one.routes.length), generated };
  });
}

function describe(route, operation, schemas) {
  const content = operation.requestBody?.content ?? {};
  const json = content["application/json"]?.schema;
  const body = json ? schemas.resolve(json) : {};
  const given = operation.parameters ?? [];
  const parameters = route.parameters.map((one) => {
    if (one.in === "items") {
      return {
        ...one,
        isRequired: false,
        schema: { type: "array", items: content["application/x-ndjson"]?.["x-itemSchema"] ?? {} },
      };
    }
    if (one.in === "body") {
      return {
        ...one,
        isRequired: operation.requestBody?.required ?? false,
        schema: json ?? {},
        doc: json?.description,
      };
    }
    if (one.in === "member") {
      const schema = body.properties?.[one.name] ?? {};
      return { ...one, isRequired: body.required?.includes(one.name) ?? false, schema, doc: schema.description };
    }
    const found =
      given.find((other) => other.in === one.in && other.name === one.name) ??
      given.filter((other) => other.in === one.in)[
        route.parameters.filter((other) => other.in === one.in).indexOf(one)
      ] ??
      {};
    const whole = Object.values(found.content ?? {})[0]?.schema;
    return {
      ...one,
      isRequired: found.required ?? false,
      isJson: Boolean(whole),
      doc: found.description,
      schema: found.schema ?? whole ?? {},
    };
  });
  const answer = Object.entries(operation.responses ?? {}).find(([status]) => status.startsWith("2"))?.[1];
  const lines = answer?.content?.["application/x-ndjson"] ?? answer?.content?.["text/event-stream"];
  let gives = answer?.content?.["application/json"]?.schema ?? lines?.["x-itemSchema"] ?? null;
  if (gives?.properties?.data && gives.properties.metadata) gives = gives.properties.data;
  return {
    ...route,
    id: `${route.verb} ${route.path}`,
    parameters,
    gives,
    takesKey: given.some((one) => one.name === "Idempotency-Key" && one.in === "header"),
    isDeprecated: operation.deprecated ?? false,
    problems: problems(operation),
    description: operation.description,
  };
}

// The declared errors of an operation: the components of its answers that are problems of their own.
function problems(operation) {
  const found = [];
  for (const [status, answer] of Object.entries(operation.responses ?? {})) {
    const schema = answer.content?.["application/problem+json"]?.schema;
    for (const one of schema?.anyOf ?? (schema ? [schema] : [])) {
      const name = one.$ref?.split("/").at(-1) ?? "";
      if (name.endsWith("-problem") && name !== "avrorpc-problem")
        found.push({ status, name: name.replace(/-problem$/, "") });
    }
  }
  return found;
}
