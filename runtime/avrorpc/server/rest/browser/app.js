// The page: what is served on the left, one view on the right, keys and dialogs around them.
import { result } from "./call.js";
import { byId, fill, h, say } from "./dom.js";
import { isObject, parse } from "./json.js";
import { messageView } from "./message.js";
import { ROOT } from "./request.js";
import { Schemas, outline } from "./schema.js";
import { homeView, refusedView, serviceView } from "./service.js";
import { store } from "./store.js";

const main = byId("main");
const filter = byId("filter");
let view = null;

async function load() {
  try {
    const [document_, services] = await Promise.all([result("openapi.json"), result("browser/services.json")]);
    store.schemas = new Schemas(document_);
    store.services = outline(document_, services, store.schemas);
    tree();
    route();
  } catch (error) {
    refusedView(main, error, askToken);
    if (error.status === 401) askToken();
  }
}

function tree() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  const matches = (one) => {
    const text =
      `${one.service.name} ${one.name} ${one.doc ?? ""} ${one.routes.map((r) => r.id).join(" ")}`.toLowerCase();
    return words.every((word) => text.includes(word));
  };
  const nodes = store.services
    .map((service) => {
      const found = service.messages.filter(matches);
      if (words.length && !found.length) return null;
      return h(
        "section",
        null,
        h("h2", null, h("a", { href: `#/${service.segment}`, class: "item" }, service.segment)),
        h(
          "ul",
          null,
          found.map((one) =>
            h(
              "li",
              null,
              h(
                "a",
                { href: `#/${service.segment}/${one.name}`, class: `item${one.routes[0].isDeprecated ? " old" : ""}` },
                h("span", { class: `verb ${one.routes[0].verb.toLowerCase()}` }, one.routes[0].verb),
                h("span", { class: "name" }, one.name),
                one.streaming === "NONE" ? null : h("span", { class: "wave", title: "stream" }, "≋"),
              ),
            ),
          ),
        ),
      );
    })
    .filter(Boolean);
  fill(byId("tree"), nodes.length ? nodes : h("p", { class: "hint" }, "Nothing has such a name."));
  mark();
}

function mark() {
  const [path] = location.hash.split("?");
  for (const one of byId("tree").querySelectorAll("a")) {
    if (one.getAttribute("href") === path) one.setAttribute("aria-current", "page");
    else one.removeAttribute("aria-current");
  }
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function route(answer) {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  const [segment, name] = path.split("/").map(decoded);
  view?.leave();
  view = null;
  const service = store.services.find((one) => one.segment === segment);
  const message = service && name && [...service.messages, ...service.generated].find((one) => one.name === name);
  if (message) {
    const given = new URLSearchParams(query);
    let values = {};
    try {
      values = parse(given.get("values") || "{}");
    } catch {
      /* whoever made the link did not write JSON: the form is empty */
    }
    if (!isObject(values)) values = {};
    view = messageView(main, message, { via: given.get("via"), values, answer });
  } else if (service) serviceView(main, service);
  else homeView(main);
  if ((segment && !service) || (service && name && !message))
    main.prepend(h("p", { class: "error", role: "alert" }, `There is nothing called ${name ?? segment} here.`));
  document.title = [name, segment, "API browser"].filter(Boolean).join(" · ");
  say(document.title);
  mark();
  menu(false);
  scrollTo(0, 0);
}

function calls() {
  const box = byId("history");
  box.hidden = !store.calls.length;
  fill(
    box.querySelector("ol"),
    store.calls.map((call) => {
      const [segment, name] = call.where.split("/");
      const query = new URLSearchParams({ via: call.route, values: call.values });
      const open = (event) => {
        event.preventDefault();
        history.pushState(null, "", `#/${segment}/${name}?${query}`);
        route(store.answers.get(call.id));
      };
      return h(
        "li",
        null,
        h(
          "a",
          { href: `#/${segment}/${name}?${query}`, class: "item", onclick: open },
          h("span", { class: `dot ${call.status && call.status < 400 ? "good" : "bad"}` }, ""),
          h("span", { class: "name" }, name),
          h(
            "span",
            { class: "hint" },
            `${call.status || "—"} · ${call.ms < 1000 ? `${call.ms.toFixed(call.ms < 10 ? 1 : 0)} ms` : `${(call.ms / 1000).toFixed(1)} s`}`,
          ),
        ),
      );
    }),
  );
}

async function health() {
  const badge = byId("health");
  let text = "offline";
  try {
    const response = await fetch(new URL("healthz", ROOT), { cache: "no-store" });
    const { status, services } = await response.json();
    const bad = Object.entries(services)
      .filter(([, one]) => one !== "SERVING")
      .map(([name]) => name);
    text = status === "ok" ? "healthy" : "unavailable";
    badge.title = bad.length ? `Not serving: ${bad.join(", ")}` : "Health: /healthz";
  } catch {
    /* nobody answers: offline */
  }
  badge.className = `health ${text}`;
  badge.lastElementChild.textContent = text;
}

function menu(isOpen) {
  document.body.classList.toggle("menu-open", isOpen);
  byId("menu").setAttribute("aria-expanded", String(isOpen));
}

function askToken() {
  const dialog = byId("token-dialog");
  if (dialog.open) return;
  byId("token-value").value = store.token;
  dialog.returnValue = "";
  dialog.showModal();
}

function showToken() {
  byId("token").classList.toggle("on", Boolean(store.token));
  byId("token").textContent = store.token ? "Token ✓" : "Token";
}

byId("token-dialog").addEventListener("close", () => {
  const dialog = byId("token-dialog");
  if (!["use", "forget"].includes(dialog.returnValue)) return;
  const typed =
    dialog.returnValue === "use"
      ? byId("token-value")
          .value.trim()
          .replace(/^bearer\s+/i, "")
      : "";
  // Header fields are Latin-1, and a token is less than that.
  store.setToken(typed.replace(/[^\x21-\x7e]/g, ""));
  showToken();
  if (store.services.length) view?.refresh();
  else load();
});
// Enter means the token is used, and not the first button.
byId("token-value").addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  byId("token-dialog").close("use");
});

byId("token").addEventListener("click", askToken);
byId("help").addEventListener("click", () => byId("help-dialog").showModal());
byId("menu").addEventListener("click", () => menu(!document.body.classList.contains("menu-open")));
byId("skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
byId("forget").addEventListener("click", () => {
  store.forget();
  calls();
});
byId("theme").addEventListener("click", () => {
  const now =
    document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  const theme = now === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem("avrorpc.theme", theme);
  } catch {
    /* it lasts as long as the page */
  }
});
for (const one of document.querySelectorAll("[name=mode]")) {
  one.checked = one.value === store.mode;
  one.addEventListener("change", () => {
    store.setMode(one.value);
    view?.refresh();
  });
}
filter.addEventListener("input", tree);
document.addEventListener("called", calls);
document.addEventListener("unauthorized", askToken);
addEventListener("hashchange", () => route());
addEventListener("popstate", mark);

document.addEventListener("keydown", (event) => {
  if (document.querySelector("dialog[open]")) return;
  const target = event.target;
  const isTyping = /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && !["checkbox", "radio"].includes(target.type);
  const isInTree = byId("nav").contains(target);
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    view?.send();
  } else if (event.key === "Escape") {
    if (view?.stop()) return;
    if (target === filter && filter.value) {
      filter.value = "";
      tree();
    } else target.blur();
    menu(false);
  } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && isInTree) {
    const links = [...byId("nav").querySelectorAll("a.item")];
    const index = links.indexOf(target) + (event.key === "ArrowDown" ? 1 : -1);
    event.preventDefault();
    (index < 0 ? filter : links[Math.min(index, links.length - 1)])?.focus();
  } else if (event.key === "Enter" && target === filter) {
    byId("tree").querySelector("li a.item")?.click();
  } else if (!isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
    if (event.key === "/") {
      event.preventDefault();
      menu(true);
      filter.focus();
      filter.select();
    }
    if (event.key === "?") byId("help-dialog").showModal();
  }
});

showToken();
calls();
health();
setInterval(() => {
  if (!document.hidden) health();
}, 15_000);
load();
