"use strict";
// The table of decisions: search, filters, order, more rows. The page is whole without it. Text becomes text nodes and never markup.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const words = data.words;
  const [ID, PRIORITY, ACTION, WRONG, IN, ASSET, OWNER, REPOSITORY, BRANCH, DUE, FLAGS, TODO, TICKET, REASONS] = Array(14).keys();
  const OVERDUE = 1, WAIVED = 2, NEW = 4;
  const pageful = 50;
  const ranks = ["track", "track*", "attend", "act"];
  const actions = ["pass", "warn", "block"];
  const $ = (id) => document.getElementById(id);
  const body = $("rows"), model = $("row").content.firstElementChild, said = $("said"), more = $("more");

  const word = (row, column) => words[row[column]];
  const found = new Map(); // row → what a search looks through, made when it is first needed
  const text = (row) => {
    let s = found.get(row);
    if (s === undefined) {
      s = [row[ID], ...[WRONG, IN, ASSET, OWNER, REPOSITORY, BRANCH, PRIORITY, ACTION, TICKET].map((c) => word(row, c)), ...row[REASONS].map((n) => words[n])].join("\n").toLowerCase();
      found.set(row, s);
    }
    return s;
  };

  const state = { search: [], priority: "", owner: "", place: "", only: "", by: "", down: false, shown: pageful };
  const only = { overdue: (r) => r[FLAGS] & OVERDUE, new: (r) => r[FLAGS] & NEW, waived: (r) => r[FLAGS] & WAIVED, block: (r) => word(r, ACTION) === "block" };
  const matches = (r) =>
    (!state.priority || word(r, PRIORITY) === state.priority) &&
    (!state.owner || word(r, OWNER) === state.owner.slice(1)) &&
    (!state.place || word(r, REPOSITORY) === state.place.slice(1)) &&
    (!state.only || only[state.only](r)) &&
    state.search.every((s) => text(r).includes(s));

  const compare = new Intl.Collator("en", { numeric: true }).compare;
  const named = (column) => (a, b) => compare(word(a, column), word(b, column));
  const empty = (column) => (a, b) => (word(a, column) === "") - (word(b, column) === "");
  const orders = {
    priority: (a, b) => ranks.indexOf(word(a, PRIORITY)) - ranks.indexOf(word(b, PRIORITY)),
    finding: (a, b) => compare(word(a, WRONG) + " " + word(a, IN), word(b, WRONG) + " " + word(b, IN)),
    asset: named(ASSET),
    owner: named(OWNER),
    due: named(DUE),
    action: (a, b) => actions.indexOf(word(a, ACTION)) - actions.indexOf(word(b, ACTION)),
  };
  const unknownLast = { owner: empty(OWNER), due: empty(DUE) };
  const select = () => {
    const rows = data.rows.filter(matches);
    const order = orders[state.by];
    if (order) {
      const last = unknownLast[state.by] || (() => 0);
      rows.sort((a, b) => last(a, b) || (state.down ? order(b, a) : order(a, b)));
    }
    return rows;
  };

  const put = (at, name, value) => {
    for (const e of at.querySelectorAll(`[data-f=${name}]`)) e.textContent = value;
  };
  const draw = (row) => {
    const tr = model.cloneNode(true);
    const p = tr.querySelector(".priority");
    p.textContent = word(row, PRIORITY);
    p.className = "priority p" + ranks.indexOf(word(row, PRIORITY));
    for (const [name, column] of [["wrong", WRONG], ["in", IN], ["asset", ASSET], ["repository", REPOSITORY], ["ticket", TICKET]]) put(tr, name, word(row, column));
    put(tr, "owner", word(row, OWNER) || "not known");
    put(tr, "id", row[ID]);
    const action = word(row, ACTION) + (row[FLAGS] & WAIVED ? ", excused" : "");
    put(tr, "action", action);
    const due = word(row, DUE), late = row[FLAGS] & OVERDUE;
    put(tr, "due", due ? (late ? "overdue " : "") + due : "no date");
    put(tr, "when", due ? (late ? "overdue " : "due ") + due : "no date");
    for (const e of tr.querySelectorAll("[data-f=due], [data-f=when]")) e.classList.toggle("late", Boolean(late));
    const reasons = row[REASONS], list = tr.querySelector("ul");
    put(tr, "why", reasons.length ? words[reasons[1]] : "No rule has anything against it");
    list.replaceChildren();
    const item = (term, is) => {
      const li = document.createElement("li"), code = document.createElement("code"), bdi = document.createElement("bdi");
      code.textContent = term;
      bdi.textContent = is;
      li.append(code, " ", bdi);
      list.append(li);
    };
    for (let i = 0; i < reasons.length; i += 2) item(words[reasons[i]], words[reasons[i + 1]]);
    if (word(row, TODO)) item("to do", word(row, TODO));
    return tr;
  };

  const number = (n) => n.toLocaleString("en");
  let rows = data.rows;
  const show = () => {
    const part = rows.slice(0, state.shown);
    body.replaceChildren(...part.map(draw));
    const left = rows.length - part.length;
    more.hidden = left <= 0;
    more.textContent = `Show ${number(Math.min(left, pageful))} more`;
    said.textContent = `${number(part.length)} of ${number(rows.length)} shown` + (rows.length < data.rows.length ? `, out of ${number(data.rows.length)}` : "");
  };
  const update = () => {
    state.shown = pageful;
    rows = select();
    show();
  };

  const fill = (id, column, name) => {
    const values = [...new Set(data.rows.map((r) => word(r, column)))].sort(compare);
    const at = $(id);
    if (values.length < 2) return at.parentElement.remove();
    for (const v of values.slice(0, 500)) at.append(new Option(v || name, "-" + v));
  };
  fill("owner", OWNER, "not known");
  fill("place", REPOSITORY, "not known");

  let waiting;
  $("search").addEventListener("input", (e) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      state.search = e.target.value.toLowerCase().split(/\s+/).filter(Boolean);
      update();
    }, 80);
  });
  for (const id of ["priority", "owner", "place", "only"]) {
    $(id)?.addEventListener("change", (e) => {
      state[id] = e.target.value;
      update();
    });
  }
  for (const th of document.querySelectorAll(".decisions th[data-by]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = th.textContent;
    th.replaceChildren(button);
    th.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => {
      const by = th.dataset.by, first = by === "priority" || by === "action"; // the gravest first
      state.down = state.by === by ? !state.down : first;
      state.by = by;
      for (const other of document.querySelectorAll(".decisions th[data-by]")) other.setAttribute("aria-sort", "none");
      th.setAttribute("aria-sort", state.down ? "descending" : "ascending");
      update();
    });
  }
  more.addEventListener("click", () => {
    const at = state.shown;
    state.shown += pageful;
    show();
    body.rows[at]?.querySelector("summary")?.focus();
  });
  $("filters").hidden = false;
  show();
})();
