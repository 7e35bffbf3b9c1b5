// Controls of single values; see form.js for what a control is.
import { button, h } from "./dom.js";
import { compact, format, number, parse } from "./json.js";

const spell = (value) => (typeof value === "string" ? value : value === undefined ? "" : compact(value));

export function constant(_, schema) {
  return { node: h("code", null, spell(schema.const)), read: () => schema.const, write() {} };
}

export function nothing() {
  return { node: h("code", { class: "null" }, "null"), read: () => null, write() {} };
}

export function choice(_, schema) {
  const input = h(
    "select",
    null,
    schema.enum.map((one) => h("option", { value: spell(one) }, spell(one))),
  );
  return {
    node: input,
    input,
    read: () => schema.enum.find((one) => spell(one) === input.value) ?? input.value,
    write(value) {
      input.value = spell(value);
    },
  };
}

export function flag() {
  const input = h("input", { type: "checkbox", role: "switch" });
  return {
    node: h("span", { class: "switch" }, input),
    input,
    read: () => input.checked,
    write(value) {
      input.checked = value === true;
    },
  };
}

export function numeric(schemas, schema) {
  const isInteger = schemas.kind(schema) === "integer";
  const input = h("input", {
    type: "text",
    inputmode: isInteger ? "numeric" : "decimal",
    autocomplete: "off",
    spellcheck: "false",
    placeholder: isInteger ? "0" : "0.0",
  });
  return {
    node: input,
    input,
    read(errors, pointer) {
      const typed = input.value.trim();
      if (isInteger && /^-?\d+$/.test(typed)) return number(String(BigInt(typed)));
      if (!isInteger && ["NaN", "Infinity", "-Infinity"].includes(typed)) return typed;
      if (!isInteger && /^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/.test(typed)) return number(typed);
      errors.push({
        pointer,
        detail: typed ? `${typed.slice(0, 40)} is no ${isInteger ? "whole " : ""}number` : "a number is missing",
      });
      return typed;
    },
    write(value) {
      input.value = spell(value);
    },
  };
}

const HELPERS = {
  "date-time": ["Now", () => new Date().toISOString()],
  "date-time-local": ["Now", () => new Date().toISOString().slice(0, 23)],
  date: ["Today", () => new Date().toISOString().slice(0, 10)],
  uuid: ["New", () => uuid()],
};
const PLACEHOLDERS = {
  date: "2026-01-31",
  "date-time": "2026-01-31T12:00:00Z",
  "date-time-local": "2026-01-31T12:00:00",
  "time-local": "12:00:00",
  decimal: "12.50",
  uuid: "00000000-0000-4000-8000-000000000000",
};

export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = Array.from(bytes, (one) => one.toString(16).padStart(2, "0")).join("");
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
}

export function text(_, schema) {
  const isShort = Boolean(schema.format || schema.pattern);
  const input = isShort
    ? h("input", { type: "text", autocomplete: "off", spellcheck: "false", placeholder: PLACEHOLDERS[schema.format] })
    : h("textarea", { rows: "1", autocomplete: "off", spellcheck: "false" });
  const helper = HELPERS[schema.format];
  const set = () => {
    input.value = helper[1]();
    input.dispatchEvent(new Event("input", { bubbles: true }));
  };
  return {
    node: helper ? h("div", { class: "row" }, input, button(helper[0], set, { class: "quiet" })) : input,
    input,
    read: () => input.value,
    write(value) {
      input.value = spell(value);
    },
  };
}

const toBase64 = (given) => {
  let binary = "";
  for (const byte of new TextEncoder().encode(given)) binary += String.fromCharCode(byte);
  return btoa(binary);
};

export function bytes() {
  const input = h("textarea", { rows: "1", spellcheck: "false", placeholder: "base64" });
  const file = h("input", { type: "file", hidden: true, "aria-label": "A file" });
  const size = h("span", { class: "default", "aria-live": "polite" });
  const way = h(
    "select",
    { "aria-label": "How the bytes are given" },
    ["base64", "text", "file"].map((one) => h("option", { value: one }, one)),
  );
  let content = "";
  way.addEventListener("change", () => {
    file.hidden = way.value !== "file";
    input.hidden = way.value === "file";
    input.placeholder = way.value;
  });
  file.addEventListener("change", () => {
    const [chosen] = file.files;
    if (!chosen) return;
    const reader = new FileReader();
    reader.onload = () => {
      content = reader.result.slice(reader.result.indexOf(",") + 1);
      size.textContent = `${chosen.size} bytes`;
      file.dispatchEvent(new Event("input", { bubbles: true }));
    };
    reader.onerror = () => {
      size.textContent = "It cannot be read";
    };
    reader.readAsDataURL(chosen);
  });
  return {
    node: h("div", { class: "row" }, way, input, file, size),
    input,
    read: () => (way.value === "file" ? content : way.value === "text" ? toBase64(input.value) : input.value.trim()),
    write(value) {
      way.value = "base64";
      way.dispatchEvent(new Event("change"));
      input.value = spell(value);
    },
  };
}

export function anything() {
  const input = h("textarea", { rows: "2", spellcheck: "false", placeholder: "JSON" });
  return {
    node: input,
    input,
    read(errors, pointer) {
      try {
        return parse(input.value);
      } catch (error) {
        errors.push({ pointer, detail: error.message });
        return input.value;
      }
    },
    write(value) {
      input.value = format(value);
    },
  };
}
