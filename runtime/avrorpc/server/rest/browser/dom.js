// Elements. Every text becomes a text node; nothing here makes markup of a string.

export function h(name, properties, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(properties ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key in node && typeof value !== "string") node[key] = value;
    else node.setAttribute(key === "className" ? "class" : key, value === true ? "" : value);
  }
  append(node, children);
  return node;
}

export function append(node, children) {
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== false) node.append(child);
  }
}

export function fill(node, ...children) {
  node.replaceChildren();
  append(node, children);
  return node;
}

export const byId = (id) => document.getElementById(id);

// Documentation: paragraphs, and `code` between backticks.
export function prose(text, className = "doc") {
  if (!text) return null;
  return h(
    "div",
    { class: className },
    text.split(/\n\s*\n/).map((part) => h("p", null, inline(part))),
  );
}

export function inline(text) {
  return text.split(/(`[^`\n]+`)/).map((part) => (/^`.+`$/.test(part) ? h("code", null, part.slice(1, -1)) : part));
}

export function button(text, onclick, properties = {}) {
  return h("button", { type: "button", onclick, ...properties }, text);
}

// A button that copies what a function gives, and says so.
export function copier(text, label = "Copy") {
  const node = button(
    label,
    async () => {
      try {
        await navigator.clipboard.writeText(text());
        say("Copied");
        node.textContent = "Copied";
      } catch {
        node.textContent = "Not allowed";
      }
      setTimeout(() => {
        node.textContent = label;
      }, 1500);
    },
    { class: "quiet" },
  );
  return node;
}

// Tell those who listen to the page instead of looking at it.
export function say(text) {
  byId("said").textContent = text;
}

// Tabs after the ARIA pattern: arrows move, the panel follows.
export function tabs(label, entries, onchange) {
  const id = `tabs${(tabs.count = (tabs.count ?? 0) + 1)}`;
  const list = h("div", { role: "tablist", "aria-label": label, class: "tabs" });
  const heads = entries.map(({ name, panel }, index) => {
    panel.id = `${id}-panel${index}`;
    panel.setAttribute("role", "tabpanel");
    const head = button(name, () => choose(index), {
      role: "tab",
      id: `${id}-tab${index}`,
      "aria-controls": panel.id,
    });
    panel.setAttribute("aria-labelledby", head.id);
    return head;
  });
  append(list, heads);
  let current = 0;
  function choose(index, isSilent) {
    if (!isSilent && index !== current && onchange?.(index, current) === false) return;
    current = index;
    entries.forEach(({ panel }, other) => {
      panel.hidden = other !== index;
      heads[other].setAttribute("aria-selected", String(other === index));
      heads[other].tabIndex = other === index ? 0 : -1;
    });
  }
  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    choose((current + step + heads.length) % heads.length);
    heads[current].focus();
  });
  choose(0, true);
  return {
    list,
    choose,
    get current() {
      return current;
    },
  };
}
