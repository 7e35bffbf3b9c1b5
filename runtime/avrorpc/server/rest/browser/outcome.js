// What a message gives, and the errors that its contract declares: types in outline.
import { h } from "./dom.js";

export function outcome(message, route, schemas) {
  const parts = [];
  if (route.gives)
    parts.push(h("h3", null, message.streaming === "RESPONSE" ? "Each item" : "Gives"), typeView(route.gives, schemas));
  for (const one of route.problems) {
    parts.push(
      h("h3", null, `${one.name.split(".").at(-1)} `, h("span", { class: "place" }, one.status)),
      typeView({ $ref: `#/components/schemas/${one.name}` }, schemas),
    );
  }
  return parts.length ? h("details", { class: "card types" }, h("summary", null, "Result and errors"), parts) : null;
}

function typeView(given, schemas, depth = 0) {
  const schema = schemas.resolve(given);
  const kind = schemas.kind(schema);
  const title = h(
    "p",
    null,
    h("span", { class: "type" }, schemas.title(given)),
    schema.description ? ` ${schema.description}` : "",
  );
  if (depth > 5) return title;
  if (kind === "array") return h("div", null, title, typeView(schema.items, schemas, depth + 1));
  if (kind === "enum") return h("div", null, title, h("p", { class: "doc" }, schema.enum.join(", ")));
  if (kind !== "record") return title;
  return h(
    "div",
    null,
    title,
    h(
      "dl",
      null,
      Object.entries(schema.properties ?? {}).map(([name, one]) => {
        const inner = schemas.resolve(one);
        const isDeep = ["record", "array", "enum"].includes(
          schemas.kind(inner.items ? schemas.resolve(inner.items) : inner),
        );
        return h(
          "div",
          null,
          h("dt", null, h("code", null, name), " ", h("span", { class: "type" }, schemas.title(one))),
          h(
            "dd",
            null,
            one.description ?? "",
            isDeep && depth < 3
              ? h(
                  "details",
                  null,
                  h("summary", null, schemas.title(one)),
                  typeView(inner.items ?? one, schemas, depth + 1),
                )
              : null,
          ),
        );
      }),
    ),
  );
}
