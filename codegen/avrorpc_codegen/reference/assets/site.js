// The script of the reference: search, colours, the language of code, copying. Everything is readable without it.
"use strict";

(() => {
  const root = document.documentElement;
  root.classList.add("js");

  // Choices outlive a page where the browser keeps them; where it refuses, they last as long as the page.
  const choices = {
    get(name) {
      try { return localStorage.getItem(`avrorpc-${name}`); } catch { return null; }
    },
    set(name, value) {
      try { localStorage.setItem(`avrorpc-${name}`, value); } catch { /* as said above */ }
    },
  };
  for (const name of ["theme", "language"]) {
    const value = choices.get(name);
    if (value) root.dataset[name] = value;
  }
  root.dataset.language ||= "idl";

  document.addEventListener("DOMContentLoaded", () => {
    themes();
    languages();
    copying();
    contents();
    search(document.body.dataset.root);
    lostAnchors();
    addEventListener("hashchange", lostAnchors);
  });

  function themes() {
    document.querySelector(".theme").addEventListener("click", () => {
      const isDark = root.dataset.theme
        ? root.dataset.theme === "dark"
        : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = isDark ? "light" : "dark";
      choices.set("theme", root.dataset.theme);
    });
  }

  function languages() {
    const buttons = document.querySelectorAll("[data-set]");
    const press = () => buttons.forEach((button) =>
      button.setAttribute("aria-pressed", String(button.dataset.set === root.dataset.language)));
    press();
    buttons.forEach((button) => button.addEventListener("click", () => {
      const before = button.getBoundingClientRect().top;
      root.dataset.language = button.dataset.set;
      press();
      scrollBy({ top: button.getBoundingClientRect().top - before, behavior: "instant" });
      choices.set("language", button.dataset.set);
    }));
  }

  function copying() {
    document.querySelectorAll(".copy").forEach((button) => button.addEventListener("click", async () => {
      const code = [...button.closest(".panel").querySelectorAll("pre")].find((pre) => pre.offsetParent);
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(code); // No clipboard here: the reader's own keys do the rest.
        button.textContent = "Selected";
      }
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    }));
  }

  function contents() {
    const button = document.querySelector(".contents");
    const show = (isOpen) => {
      document.body.classList.toggle("open", isOpen);
      button.setAttribute("aria-expanded", String(isOpen));
    };
    button.addEventListener("click", () => show(!document.body.classList.contains("open")));
    document.getElementById("page-nav").addEventListener("click", (event) => {
      if (event.target.closest("a")) show(false);
    });
  }

  // A namespace that outgrew one page has its types elsewhere: lead on to the line that has the link.
  function lostAnchors() {
    const id = decodeURIComponent(location.hash.slice(1));
    if (id.includes(".") && !document.getElementById(id)) {
      document.getElementById(id.slice(0, id.lastIndexOf(".")))?.scrollIntoView();
    }
  }

  function search(base) {
    const input = document.getElementById("search-input");
    const list = document.getElementById("search-results");
    const status = document.getElementById("search-status");
    const weights = { protocol: 20, namespace: 16, message: 18, record: 18, error: 18, enum: 18, fixed: 18 };
    const most = 40;
    const scattered = 1;
    let entries = null;
    let found = [];
    let current = -1;

    const plain = (text) => text.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
    const words = (name) => plain(name.replace(/([a-z0-9])([A-Z])/g, "$1 $2")).split(/[\s._]+/).filter(Boolean);

    function load() {
      if (entries || document.getElementById("search-data")) return;
      const script = document.createElement("script");
      script.id = "search-data";
      script.src = `${base}assets/search-index.js`;
      script.onload = () => {
        entries = window.avrorpcReference.map(([kind, name, context, sentence, link]) =>
          ({ kind, name, context, sentence, link }));
        for (const entry of entries) {
          if (typeof entry.context === "number") {
            const owner = entries[entry.context];
            entry.link = `${owner.link}.${encodeURIComponent(entry.name)}`;
            entry.context = owner.context ? `${owner.context}.${owner.name}` : owner.name;
          }
          entry.plainName = plain(entry.name);
          entry.words = words(entry.name);
          entry.full = plain(entry.context ? `${entry.context}.${entry.name}` : entry.name);
          entry.plainSentence = plain(entry.sentence);
        }
        run();
      };
      script.onerror = () => { status.textContent = "The search index could not be loaded."; };
      document.head.append(script);
    }

    // How well one word of the query fits: 0 for not at all.
    function score(entry, word) {
      const name = entry.plainName;
      if (name === word || entry.full === word) return 100;
      if (name.startsWith(word)) return 80 - Math.min(20, name.length - word.length);
      if (entry.words.some((part) => part.startsWith(word))) return 55;
      if (name.includes(word)) return 40;
      if (entry.full.includes(word)) return 25;
      if (` ${entry.plainSentence}`.includes(` ${word}`)) return 15;
      if (word.length > 2 && entry.plainSentence.includes(word)) return 8;
      if (word.length > 2 && isScattered(name, word)) return scattered;
      return 0;
    }

    function isScattered(name, word) {
      let at = -1;
      for (const letter of word) {
        at = name.indexOf(letter, at + 1);
        if (at < 0) return false;
      }
      return name[0] === word[0];
    }

    function run() {
      const query = plain(input.value.trim());
      if (!query || !entries) return hide();
      const parts = query.split(/\s+/);
      let scored = [];
      for (const entry of entries) {
        const points = parts.map((part) => score(entry, part));
        if (points.includes(0)) continue;
        const total = points.reduce((sum, each) => sum + each, weights[entry.kind] ?? 0);
        scored.push([total, entry, points.includes(scattered)]);
      }
      // Letters that are scattered over a name count only where nothing better was found.
      if (scored.some(([, , isWeak]) => !isWeak)) scored = scored.filter(([, , isWeak]) => !isWeak);
      scored.sort((a, b) => b[0] - a[0] || a[1].name.length - b[1].name.length || (a[1].full < b[1].full ? -1 : 1));
      found = scored.slice(0, most).map(([, entry]) => entry);
      const rest = scored.length - found.length;
      list.replaceChildren(...found.map((entry, index) => option(entry, index, parts)));
      if (!found.length) list.append(make("p", "nothing", "Nothing has such a name."));
      if (rest) list.append(make("p", "nothing", `${rest} more; another letter narrows it down.`));
      status.textContent = `${scored.length} ${scored.length === 1 ? "result" : "results"}`;
      list.hidden = false;
      input.setAttribute("aria-expanded", "true");
      select(found.length ? 0 : -1);
    }

    function option(entry, index, parts) {
      const link = make("a", "result");
      link.id = `search-result-${index}`;
      link.href = base + entry.link;
      link.tabIndex = -1;
      link.setAttribute("role", "option");
      const name = make("span", "result-name");
      name.append(...marked(entry.name, parts));
      link.append(make("span", `kind ${entry.kind}`, entry.kind), name);
      if (entry.context) link.append(make("span", "result-context", entry.context));
      if (entry.sentence) {
        const sentence = make("span", "result-sentence");
        sentence.append(...marked(entry.sentence, parts));
        link.append(sentence);
      }
      link.addEventListener("click", hide);
      return link;
    }

    // Text with what was searched for marked; only where plain letters are as long as the text's own.
    function marked(text, parts) {
      const lower = plain(text);
      const starts = lower.length === text.length ? parts.map((part) => [lower.indexOf(part), part.length]) : [];
      const [at, length] = starts.filter(([start]) => start >= 0).sort((a, b) => a[0] - b[0])[0] ?? [0, 0];
      if (!length) return [text];
      return [text.slice(0, at), make("mark", "", text.slice(at, at + length)), text.slice(at + length)];
    }

    function make(tag, className, text) {
      const element = document.createElement(tag);
      if (className) element.className = className;
      if (text) element.textContent = text;
      return element;
    }

    function select(index) {
      current = index;
      [...list.querySelectorAll("[role=option]")].forEach((element, at) => {
        element.setAttribute("aria-selected", String(at === index));
        if (at === index) element.scrollIntoView({ block: "nearest" });
      });
      if (index >= 0) input.setAttribute("aria-activedescendant", `search-result-${index}`);
      else input.removeAttribute("aria-activedescendant");
    }

    function hide() {
      list.hidden = true;
      list.replaceChildren();
      found = [];
      status.textContent = "";
      input.setAttribute("aria-expanded", "false");
      select(-1);
    }

    input.addEventListener("focus", () => { load(); run(); });
    input.addEventListener("input", () => { load(); run(); });
    input.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        const step = event.key === "ArrowDown" ? 1 : -1;
        if (found.length) select((current + step + found.length) % found.length);
      } else if (event.key === "Enter" && current >= 0) {
        event.preventDefault();
        list.querySelector(`#search-result-${current}`).click();
        input.blur();
      } else if (event.key === "Escape") {
        event.preventDefault();
        if (list.hidden) input.value = "";
        if (list.hidden) input.blur();
        hide();
      }
    });
    document.addEventListener("keydown", (event) => {
      const isTyping = event.target.closest?.("input, textarea, select, [contenteditable]");
      const isSlash = event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey;
      if (isSlash || (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.shiftKey)) {
        event.preventDefault();
        input.focus();
        input.select();
      }
    });
    document.addEventListener("pointerdown", (event) => {
      if (!event.target.closest(".search")) hide();
    });
  }
})();
