// What the page remembers: in this tab, the token, the mode and the calls; in this browser, the colours alone.

function kept(name, fallback) {
  try {
    return JSON.parse(sessionStorage.getItem(`avrorpc.${name}`)) ?? fallback;
  } catch {
    return fallback;
  }
}

function keep(name, value) {
  try {
    sessionStorage.setItem(`avrorpc.${name}`, JSON.stringify(value));
  } catch {
    /* storage is off or full: it lasts as long as the page */
  }
}

const MOST_CALLS = 50;

export const store = {
  schemas: null,
  services: [],
  answers: new Map(),
  token: kept("token", ""),
  mode: kept("mode", "research"),
  calls: kept("calls", []),
  setToken(token) {
    this.token = token;
    keep("token", token);
  },
  setMode(mode) {
    this.mode = mode;
    keep("mode", mode);
  },
  // Note a call: {id, where, route, values, status, ms, at}; its answer stays in memory.
  note(call, answer) {
    this.answers.set(call.id, answer);
    this.calls = [call, ...this.calls].slice(0, MOST_CALLS);
    for (const id of this.answers.keys()) if (!this.calls.some((one) => one.id === id)) this.answers.delete(id);
    keep("calls", this.calls);
  },
  forget() {
    this.calls = [];
    this.answers.clear();
    keep("calls", []);
  },
};
