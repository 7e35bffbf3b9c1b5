// The views of all services, and of one: its messages, how it fares, its example cases run.
import { result } from "./call.js";
import { append, button, fill, h, prose, say } from "./dom.js";
import { badges } from "./message.js";
import { store } from "./store.js";

const link = (message) => `#/${message.service.segment}/${message.name}`;
const first = (text) => (text ?? "").split("\n")[0];

export function homeView(main) {
  fill(
    main,
    h(
      "div",
      { class: "title" },
      h("h1", { tabindex: "-1" }, "Services"),
      h("p", { class: "doc" }, `${store.services.length} at ${location.host}`),
    ),
    h(
      "div",
      { class: "home" },
      store.services.map((service) =>
        h(
          "a",
          { class: "card service", href: `#/${service.segment}` },
          h("h2", null, service.segment),
          h("p", { class: "type" }, service.name),
          h("p", { class: "doc" }, first(service.doc)),
          h("p", { class: "hint" }, `${service.messages.length} message${service.messages.length === 1 ? "" : "s"}`),
        ),
      ),
    ),
    h(
      "p",
      { class: "hint" },
      h("a", { href: "openapi.json", target: "_blank", rel: "noopener" }, "openapi.json"),
      " describes all of this for machines.",
    ),
  );
}

export function serviceView(main, service) {
  const outcomes = h("div", { class: "outcomes", "aria-live": "polite" });
  const run = button(
    "Run examples",
    async () => {
      run.disabled = true;
      fill(outcomes, h("p", { class: "status" }, h("span", { class: "spinner" }), "Running…"));
      try {
        const found = await result(`_introspection/${service.segment}/test`, {});
        fill(outcomes, table(found));
        say(`${found.passed} passed, ${found.failed} failed, ${found.skipped} skipped`);
      } catch (error) {
        fill(outcomes, h("p", { class: "error" }, error.message));
      }
      run.disabled = false;
    },
    { class: "primary" },
  );
  const row = (message) =>
    h(
      "a",
      { class: "row-link", href: link(message) },
      h("span", { class: `verb ${message.routes[0].verb.toLowerCase()}` }, message.routes[0].verb),
      h("code", null, message.name),
      h("span", { class: "doc" }, first(message.doc)),
      h("span", { class: "badges" }, badges(message, message.routes[0])),
    );
  fill(
    main,
    h(
      "div",
      { class: "title" },
      h("p", { class: "crumbs" }, h("a", { href: "#/" }, "Services")),
      h("h1", { tabindex: "-1" }, service.segment),
      prose(service.doc),
      h("p", { class: "hint" }, `${service.name} · ${service.hash}`),
    ),
    h("section", { class: "card list", "aria-label": "Messages" }, service.messages.map(row)),
    h(
      "section",
      { class: "card pad", "aria-label": "Examples" },
      h("div", { class: "card-line" }, h("h2", null, "Examples"), run),
      outcomes,
    ),
    service.generated.length
      ? h(
          "details",
          { class: "card types" },
          h("summary", null, "What every service has"),
          h("div", { class: "list" }, service.generated.map(row)),
        )
      : null,
  );
}

function table({ passed, failed, skipped, results }) {
  const rows = results.map((one) =>
    h(
      "tr",
      null,
      h(
        "td",
        null,
        h(
          "span",
          { class: `pill ${{ PASSED: "good", FAILED: "bad" }[one.outcome] ?? "even"}` },
          one.outcome.toLowerCase(),
        ),
      ),
      h("td", null, h("code", null, one.message)),
      h("td", null, one.description, one.text ? h("p", { class: "hint" }, one.text) : null),
      h("td", { class: "number" }, one.outcome === "SKIPPED" ? "" : `${(Number(one.duration) * 1000).toFixed(1)} ms`),
    ),
  );
  const sum = h("p", null, `${passed} passed, ${failed} failed, ${skipped} skipped`);
  if (!rows.length) return h("p", { class: "hint" }, "The contract has no examples.");
  const head = h(
    "thead",
    null,
    h(
      "tr",
      null,
      ["Outcome", "Message", "Example", "Time"].map((one) => h("th", { scope: "col" }, one)),
    ),
  );
  return h(
    "div",
    null,
    sum,
    h("div", { class: "scroll", tabindex: "0" }, h("table", null, head, h("tbody", null, rows))),
  );
}

export function refusedView(main, error, ask) {
  fill(
    main,
    h(
      "div",
      { class: "title" },
      h("h1", { tabindex: "-1" }, error.status === 401 ? "Who are you?" : "It cannot be shown"),
      h("p", { class: "doc" }, error.message),
    ),
  );
  append(main, [button("Give a token", ask, { class: "primary" })]);
}
