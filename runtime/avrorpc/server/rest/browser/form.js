// Forms out of JSON Schema. A control is {node, input, read, write, child}: `read(errors, pointer)` gives the value,
// or takes note of what cannot be one; `child(key)` is the field below it, for errors that name it by JSON Pointer.
import { button, h, prose } from "./dom.js";
import { compact, isObject } from "./json.js";
import { anything, bytes, choice, constant, flag, nothing, numeric, text } from "./scalars.js";

let ids = 0;

export function control(schemas, given) {
  const schema = schemas.resolve(given);
  const make =
    {
      const: constant,
      enum: choice,
      boolean: flag,
      integer: numeric,
      float: numeric,
      bytes,
      null: nothing,
      string: text,
      array: list,
      map,
      record,
      union,
    }[schemas.kind(schema)] ?? anything;
  return make(schemas, schema);
}

// A control with its name, its documentation, the place for what is wrong with it, and for what may be left out
// the box that says whether it is sent.
export function field(schemas, { name, schema, isRequired = true, doc, badge, onremove }) {
  const id = `f${(ids += 1)}`;
  const resolved = schemas.resolve(schema);
  const isLazy = ["record", "union", "array", "map", "any"].includes(schemas.kind(resolved));
  const label = h("label", { id: `${id}-label` }, name);
  const box = isRequired
    ? null
    : h("input", { type: "checkbox", id: `${id}-set`, "aria-label": `Send ${name}`, title: "Whether it is sent" });
  const error = h("p", { class: "error", id: `${id}-error`, hidden: true });
  const slot = h("div", { class: "slot" });
  const initial = resolved.default;
  const hint = box && initial !== undefined ? h("span", { class: "default" }, `default ${brief(initial)}`) : null;
  const head = h(
    "div",
    { class: "field-head" },
    box,
    label,
    h("span", { class: "type" }, schemas.title(schema)),
    badge ? h("span", { class: "place" }, badge) : null,
    isRequired && !onremove ? h("span", { class: "required" }, "required") : hint,
    onremove ? button("Remove", onremove, { class: "quiet remove", "aria-label": `Remove ${name}` }) : null,
  );
  const node = h("div", { class: "field" }, head, prose(doc ?? schema.description), slot, error);
  let inner = null;

  function build() {
    if (inner) return inner;
    inner = control(schemas, schema);
    slot.append(inner.node);
    if (inner.input) {
      inner.input.id = id;
      label.htmlFor = id;
      inner.input.setAttribute("aria-describedby", error.id);
    } else {
      inner.node.setAttribute("role", "group");
      inner.node.setAttribute("aria-labelledby", label.id);
    }
    if (initial !== undefined && initial !== null) inner.write(initial);
    else if (initial === null) inner.preferValue?.();
    return inner;
  }
  function set(isSet) {
    if (!box) return;
    box.checked = isSet;
    node.classList.toggle("unset", !isSet);
    if (isLazy) slot.hidden = !isSet;
    if (isSet) build();
  }
  if (box) {
    box.addEventListener("change", () => set(box.checked));
    slot.addEventListener("input", () => {
      if (!box.checked) set(true);
    });
    slot.addEventListener("change", () => {
      if (!box.checked) set(true);
    });
    set(false);
  }
  if (!box || !isLazy) build();

  return {
    node,
    name,
    isSet: () => !box || box.checked,
    read(errors, pointer) {
      return box && !box.checked ? undefined : build().read(errors, pointer);
    },
    write(value) {
      if (value === undefined) {
        set(false);
        return;
      }
      set(true);
      build().write(value);
    },
    // Show what is wrong at a pointer's parts; the place that is nearest takes it.
    show(parts, problem) {
      const below = parts.length ? inner?.child?.(parts[0]) : null;
      if (below) return below.show(parts.slice(1), problem);
      error.textContent = parts.length ? `/${parts.join("/")}: ${problem}` : problem;
      error.hidden = false;
      const target = inner?.input ?? box ?? node;
      target.setAttribute("aria-invalid", "true");
      node.classList.add("wrong");
      return target;
    },
  };
}

export function clearErrors(root) {
  for (const one of root.querySelectorAll(".wrong")) one.classList.remove("wrong");
  for (const one of root.querySelectorAll("[aria-invalid]")) one.removeAttribute("aria-invalid");
  for (const one of root.querySelectorAll(".error")) {
    one.hidden = true;
    one.textContent = "";
  }
}

function brief(value) {
  const shown = compact(value);
  return shown.length > 40 ? `${shown.slice(0, 39)}…` : shown;
}

function list(schemas, schema) {
  const items = h("div", { class: "items" });
  let fields = [];
  const renumber = () =>
    fields.forEach((one, index) => {
      one.node.querySelector("label").textContent = String(index);
    });
  const changed = () => items.dispatchEvent(new Event("input", { bubbles: true }));
  function add(value) {
    const made = field(schemas, {
      name: String(fields.length),
      schema: schema.items ?? {},
      doc: "",
      onremove() {
        fields = fields.filter((one) => one !== made);
        made.node.remove();
        renumber();
        changed();
      },
    });
    fields.push(made);
    items.append(made.node);
    if (value !== undefined) made.write(value);
    return made;
  }
  const more = button(
    "Add",
    () => {
      const made = add();
      changed();
      made.node.querySelector(".slot input, .slot textarea, .slot select")?.focus();
    },
    { class: "quiet add", "aria-label": "Add an item" },
  );
  return {
    node: h("div", { class: "nested" }, items, more),
    read: (errors, pointer) => fields.map((one, index) => one.read(errors, `${pointer}/${index}`)),
    write(value) {
      fields = [];
      items.replaceChildren();
      for (const item of Array.isArray(value) ? value : []) add(item);
    },
    child: (key) => fields[Number(key)],
  };
}

const escaped = (name) => name.replaceAll("~", "~0").replaceAll("/", "~1");

function map(schemas, schema) {
  const entries = h("div", { class: "items" });
  const values = isObject(schema.additionalProperties) ? schema.additionalProperties : {};
  let rows = [];
  const changed = () => entries.dispatchEvent(new Event("input", { bubbles: true }));
  function add(name = "", value) {
    const key = h("input", { type: "text", value: name, placeholder: "key", "aria-label": "Key", spellcheck: "false" });
    key.value = name;
    const row = { key };
    row.field = field(schemas, {
      name: "value",
      schema: values,
      doc: "",
      onremove() {
        rows = rows.filter((one) => one !== row);
        row.node.remove();
        changed();
      },
    });
    row.node = h("div", { class: "entry" }, key, row.field.node);
    rows.push(row);
    entries.append(row.node);
    if (value !== undefined) row.field.write(value);
    return row;
  }
  const more = button(
    "Add",
    () => {
      add().key.focus();
      changed();
    },
    { class: "quiet add", "aria-label": "Add an entry" },
  );
  return {
    node: h("div", { class: "nested" }, entries, more),
    read(errors, pointer) {
      const made = {};
      for (const { key, field: one } of rows) {
        if (Object.hasOwn(made, key.value))
          errors.push({ pointer, detail: `the key ${JSON.stringify(key.value)} is there twice` });
        const value = one.read(errors, `${pointer}/${escaped(key.value)}`);
        Object.defineProperty(made, key.value, { value, enumerable: true, configurable: true, writable: true });
      }
      return made;
    },
    write(value) {
      rows = [];
      entries.replaceChildren();
      for (const [name, item] of Object.entries(isObject(value) ? value : {})) add(name, item);
    },
    child: (key) => rows.find((row) => row.key.value === key)?.field,
  };
}

export function record(schemas, schema) {
  const members = Object.entries(schema.properties ?? {}).filter(([, one]) => one.const === undefined);
  const fixed = Object.entries(schema.properties ?? {}).filter(([, one]) => one.const !== undefined);
  return fieldsOf(
    schemas,
    members.map(([name, one]) => ({
      name,
      schema: one,
      isRequired: schema.required?.includes(name) ?? false,
    })),
    Object.fromEntries(fixed.map(([name, one]) => [name, one.const])),
  );
}

// The fields of a record, or the parameters of a message.
export function fieldsOf(schemas, entries, fixed = {}) {
  const fields = entries.map((entry) => field(schemas, entry));
  return {
    node: h(
      "div",
      { class: "nested" },
      fields.map((one) => one.node),
      fields.length ? null : h("p", { class: "doc" }, "It has no fields."),
    ),
    read(errors, pointer) {
      const made = { ...fixed };
      for (const one of fields) {
        const value = one.read(errors, `${pointer}/${escaped(one.name)}`);
        if (value !== undefined)
          Object.defineProperty(made, one.name, { value, enumerable: true, configurable: true, writable: true });
      }
      return made;
    },
    write(value) {
      const given = isObject(value) ? value : {};
      for (const one of fields) one.write(Object.hasOwn(given, one.name) ? given[one.name] : undefined);
    },
    child: (key) => fields.find((one) => one.name === key),
  };
}

function union(schemas, schema) {
  const branches = schemas.branches(schema);
  const slot = h("div", { class: "slot" });
  const select = h(
    "select",
    { "aria-label": "Which type" },
    branches.map((one, index) => h("option", { value: String(index) }, schemas.title(one))),
  );
  let inner = null;
  function choose(index) {
    select.value = String(index);
    inner = control(schemas, branches[index]);
    if (inner.input) inner.input.setAttribute("aria-label", schemas.title(branches[index]));
    slot.replaceChildren(inner.node);
  }
  select.addEventListener("change", () => choose(Number(select.value)));
  choose(0);
  return {
    node: h("div", { class: "union" }, select, slot),
    input: select,
    read: (errors, pointer) => inner.read(errors, pointer),
    write(value) {
      const index = branches.findIndex((one) => schemas.fits(one, value));
      choose(Math.max(index, 0));
      inner.write(value);
    },
    // Who says that a value is sent hardly means null.
    preferValue() {
      choose(
        Math.max(
          branches.findIndex((one) => schemas.kind(one) !== "null"),
          0,
        ),
      );
    },
    child: (key) => inner.child?.(key),
  };
}

export const same = (one, other) => compact(sorted(one)) === compact(sorted(other));

function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((name) => [name, sorted(value[name])]),
  );
}
