// The view of one message: what it is, a form, JSON beside it, examples, and what came of a call.
import { result, send } from "./call.js";
import { codeView } from "./code.js";
import { append, button, copier, fill, h, prose, say, tabs } from "./dom.js";
import { clearErrors, fieldsOf, same } from "./form.js";
import { compact, format, isObject, parse } from "./json.js";
import { outcome } from "./outcome.js";
import { build } from "./request.js";
import { responseView } from "./response.js";
import { uuid } from "./scalars.js";
import { store } from "./store.js";

const examples = new Map();

async function examplesOf(service) {
  const key = `${service.segment} ${store.token}`;
  if (!examples.has(key)) {
    examples.set(
      key,
      result(`_introspection/${service.segment}/examples`).catch(() => []),
    );
  }
  return examples.get(key);
}

export function badges(message, route) {
  const words = [
    message.readonly && "read-only",
    message.idempotent && !message.readonly && "idempotent",
    message.one_way && "one-way",
    { RESPONSE: "stream", REQUEST: "takes a stream", BOTH: "streams both ways" }[message.streaming],
    message.timeout && `within ${message.timeout} s`,
    route.isDeprecated && "deprecated",
  ];
  return words
    .filter(Boolean)
    .map((word) => h("span", { class: `badge${word === "deprecated" ? " warn" : ""}` }, word));
}

export function messageView(main, message, given) {
  const { schemas } = store;
  let route = message.routes.find((one) => one.id === given.via) ?? message.routes[0];
  const gives = ["RESPONSE", "BOTH"].includes(message.streaming);
  let form = null;
  let running = null;
  let fresh = uuid();
  let untouched = "";

  const slot = h("div", { class: "form" });
  const note = h("p", { class: "error", hidden: true, role: "alert" });
  const editor = h("textarea", {
    class: "editor",
    spellcheck: "false",
    "aria-label": "The arguments as JSON",
    rows: "12",
  });
  const cases = h("div", { class: "cases", hidden: true });
  const formPanel = h("div", null, slot);
  const jsonPanel = h(
    "div",
    { class: "json" },
    editor,
    h("p", { class: "hint" }, "Sent as it stands, whatever the contract says."),
  );
  const ways = tabs(
    "How to give the arguments",
    [
      { name: "Form", panel: formPanel },
      { name: "JSON", panel: jsonPanel },
    ],
    (index) => {
      if (index === 1) {
        editor.value = format(values([]) ?? {});
        warn("");
        return true;
      }
      return toForm();
    },
  );
  const options = {
    key: h("input", { type: "text", placeholder: "a new one for each call", spellcheck: "false" }),
    timeout: h("input", { type: "text", inputmode: "numeric", placeholder: "none" }),
    metadata: h("textarea", { rows: "1", placeholder: "tenant: blue", spellcheck: "false" }),
  };
  const keyLabel = h("label", null, "Idempotency-Key", options.key);
  const more = h(
    "details",
    { class: "options" },
    h("summary", null, "Options"),
    h(
      "div",
      { class: "grid" },
      keyLabel,
      h("label", null, "Timeout in ms", options.timeout),
      h("label", null, "Metadata, one on each line", options.metadata),
    ),
  );
  const go = button("Send", () => (running ? stop() : run()), { class: "primary", id: "send", title: "Ctrl+Enter" });
  const link = copier(() => location.href.replace(/#.*/, "") + hash(true), "Copy link");
  const code = codeView(message);
  const response = responseView(message, { resume: (id) => run(id), next });

  const verbs =
    message.routes.length > 1
      ? h(
          "select",
          { "aria-label": "Route", class: "path" },
          message.routes.map((one) => h("option", { value: one.id }, one.id)),
        )
      : null;
  const path = h("code", { class: "path" });
  verbs?.addEventListener("change", () => {
    const now = values([]) ?? {};
    route = message.routes.find((one) => one.id === verbs.value);
    draw(now);
  });

  function draw(now) {
    if (verbs) verbs.value = route.id;
    fill(path, h("b", { class: `verb ${route.verb.toLowerCase()}` }, route.verb), ` ${decodeURI(route.path)}`);
    form = fieldsOf(
      schemas,
      route.parameters.map((one) => ({
        name: one.field,
        schema: one.schema,
        isRequired: one.isRequired,
        doc: one.doc ?? "",
        badge: { path: "in the path", query: null, header: `header ${one.name}`, items: "one on each line" }[one.in],
      })),
    );
    fill(slot, route.parameters.length ? form.node : h("p", { class: "doc" }, "It takes no arguments."));
    keyLabel.hidden = !takesKey();
    untouched = compact(form.read([], ""));
    show(now);
  }
  // Put values into the form and the editor.
  function show(now) {
    form.write(now);
    editor.value = format(now);
    const errors = [];
    const left =
      ways.current === 0 && Object.keys(now).length > 0 && !same(form.read(errors, ""), now) && !errors.length;
    warn(left ? "Some of this has no place in the form. It is sent as it is from JSON." : "");
    changed();
  }
  function toForm() {
    try {
      const now = parse(editor.value.trim() || "{}");
      if (!isObject(now)) throw new SyntaxError("The arguments are an object: {…}");
      ways.choose(0, true);
      show(now);
      return true;
    } catch (error) {
      warn(error.message);
      return false;
    }
  }
  function warn(text) {
    note.textContent = text;
    note.hidden = !text;
  }
  // The arguments as they stand; null where the JSON is none.
  function values(errors) {
    if (ways.current === 0) return form.read(errors, "");
    try {
      const now = parse(editor.value.trim() || "{}");
      if (!isObject(now)) throw new SyntaxError("The arguments are an object: {…}");
      warn("");
      return now;
    } catch (error) {
      errors.push({ pointer: "", detail: error.message });
      return null;
    }
  }
  function request(now, lastId) {
    const key = takesKey() ? options.key.value.trim() || fresh : "";
    return build(route, now, {
      mode: store.mode,
      key,
      timeout: options.timeout.value.trim(),
      metadata: options.metadata.value,
      isStream: gives,
      lastId,
    });
  }
  function takesKey() {
    return route.takesKey && !message.readonly && !message.idempotent && message.streaming === "NONE";
  }
  function hash(isWhole) {
    const now = values([]) ?? {};
    const query = new URLSearchParams();
    if (route !== message.routes[0]) query.set("via", route.id);
    const text = compact(now);
    if (text !== untouched && (isWhole || text.length < 4000)) query.set("values", text);
    const shown = query.toString();
    return `#/${message.service.segment}/${message.name}${shown ? `?${shown}` : ""}`;
  }
  let timer = 0;
  function changed() {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (!main.contains(slot)) return;
      history.replaceState(null, "", hash(false));
      const now = values([]);
      if (now) code.show(route, now, request(now));
    }, 250);
  }

  function fail(errors) {
    clearErrors(slot);
    let first = null;
    for (const { pointer, detail } of errors) {
      const parts = (pointer ?? "")
        .split("/")
        .slice(1)
        .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
      if (ways.current === 0 && parts.length && form.child(parts[0])) {
        const at = form.child(parts[0]).show(parts.slice(1), detail);
        first ??= at;
      } else warn([note.textContent, pointer ? `${pointer}: ${detail}` : detail].filter(Boolean).join("\n"));
    }
    const outer = first?.closest(".slot[hidden]");
    if (outer) outer.hidden = false;
    first?.focus();
  }

  async function run(lastId) {
    const errors = [];
    clearErrors(slot);
    warn("");
    const now = values(errors);
    for (const one of route.parameters) {
      const value = now?.[one.field];
      if (one.in === "path" && ["", ".", ".."].includes(value ?? ""))
        errors.push({ pointer: `/${one.field}`, detail: "it is part of the path, and is needed there" });
    }
    if (errors.length) {
      fail(errors);
      say(`${errors.length} wrong`);
      return;
    }
    const asked = request(now, lastId);
    code.show(route, now, asked);
    history.replaceState(null, "", hash(false));
    const stopper = (running = new AbortController());
    go.textContent = "Stop";
    go.classList.add("stop");
    response.start(lastId);
    if (innerWidth < 1081) response.node.scrollIntoView({ block: "nearest", behavior: "smooth" });
    let answer = null;
    let broken = null;
    try {
      answer = await send(asked, store.token, stopper.signal, gives ? response.item : null);
    } catch (error) {
      broken = error;
    }
    if (running === stopper) {
      running = null;
      go.textContent = "Send";
      go.classList.remove("stop");
    }
    if (answer) {
      response.finish(answer, asked);
      const problem = answer.type.includes("problem+json") ? parse(answer.text) : null;
      if (Array.isArray(problem?.errors)) fail(problem.errors);
      if (answer.status === 401) document.dispatchEvent(new CustomEvent("unauthorized"));
    } else response.fail(stopper.signal.aborted ? null : broken);
    fresh = uuid();
    const call = {
      id: uuid(),
      where: `${message.service.segment}/${message.name}`,
      route: route.id,
      values: compact(now),
      status: answer?.status ?? 0,
      ms: answer?.ms ?? 0,
      at: Date.now(),
    };
    store.note(call, { answer, asked });
    document.dispatchEvent(new CustomEvent("called"));
  }
  function stop() {
    running?.abort();
  }
  // Go to the page that the answer's link names.
  function next(target) {
    const query = new URL(target, location.href).searchParams;
    show({ ...values([]), cursor: query.get("cursor") });
    run();
  }

  slot.addEventListener("input", changed);
  slot.addEventListener("change", changed);
  slot.addEventListener("click", changed);
  editor.addEventListener("input", changed);
  more.addEventListener("input", changed);

  const words = badges(message, route);
  const isBoth = message.streaming === "BOTH";
  fill(
    main,
    h(
      "div",
      { class: "title" },
      h("p", { class: "crumbs" }, h("a", { href: `#/${message.service.segment}` }, message.service.name)),
      h("h1", { tabindex: "-1" }, message.name),
      words.length ? h("div", { class: "badges" }, words) : null,
      prose(message.doc ?? ""),
      h("div", { class: "route" }, verbs ?? path),
    ),
    h(
      "div",
      { class: "columns" },
      h(
        "section",
        { class: "card", "aria-label": "Request" },
        h("div", { class: "card-head" }, ways.list, link),
        cases,
        formPanel,
        jsonPanel,
        note,
        more,
        h(
          "div",
          { class: "foot" },
          isBoth
            ? h("p", { class: "hint" }, "Streams both ways need a WebSocket, or TCP.")
            : [go, h("kbd", null, "Ctrl"), h("kbd", null, "Enter")],
          button(
            "Reset",
            () => {
              clearErrors(slot);
              draw({});
            },
            { class: "quiet" },
          ),
        ),
      ),
      h("div", { class: "right" }, response.node, code.node, outcome(message, route, schemas)),
    ),
  );
  draw(given.values ?? {});
  code.show(route, given.values ?? {}, request(given.values ?? {}));
  if (given.answer?.answer) response.again(given.answer.answer, given.answer.asked);
  if (!message.isGenerated)
    examplesOf(message.service).then((all) => showCases(all.filter((one) => one.message === message.name)));

  function showCases(found) {
    if (!found.length) return;
    cases.hidden = false;
    append(cases, [
      h("span", { class: "hint" }, "Examples"),
      ...found.map((one, index) =>
        button(
          one.description || `Example ${index + 1}`,
          () => {
            clearErrors(slot);
            if (ways.current === 0) show(one.input);
            else {
              editor.value = format(one.input);
              changed();
            }
            say("The example is filled in");
          },
          { class: "chip" },
        ),
      ),
    ]);
  }

  return {
    send: () => {
      if (!running && !isBoth) run();
    },
    stop: () => {
      const was = running !== null;
      stop();
      return was;
    },
    refresh: () => {
      const now = values([]);
      if (now) code.show(route, now, request(now));
    },
    leave: () => {
      clearTimeout(timer);
      stop();
    },
  };
}
