// Sorting, search and the group filter over tables that are complete without this file.
"use strict";
(() => {
  const tools = document.getElementById("tools");
  const find = document.getElementById("find");
  const group = document.getElementById("group");
  const said = document.getElementById("said");
  const tables = [...document.querySelectorAll("table.sortable")];
  const say = (sentence, facts) => { said.textContent = sentence.replace(/\{(\w+)\}/g, (_, name) => facts[name]); };
  const folded = text => text.normalize("NFKC").toLowerCase().replace(/\s+/g, "");

  // 住建局 finds 住房和城乡建设局: its characters in this order; codes and abbreviations of the register as they are.
  const inOrder = (text, wanted) => { let at = 0; for (const c of text) if (c === wanted[at]) at += 1; return at === wanted.length; };
  const matches = (row, wanted) => {
    const name = folded(row.querySelector("th").textContent);
    return name.includes(wanted) || folded(row.dataset.find).includes(wanted) || (wanted.length > 1 && inOrder(name, [...wanted]));
  };

  // A cell's number: arrows are signs, an equal place is no change, a dash is nothing and comes last.
  const number = text => {
    const read = parseFloat(text.trim().replace("↑", "").replace("↓", "-"));
    return Number.isNaN(read) ? (text.trim() === "—" ? null : 0) : read;
  };

  const value = (row, column, numeric) => {
    const text = row.cells[column].textContent;
    return numeric ? number(text) : text.trim();
  };

  const compare = (a, b) => typeof a === "number" ? a - b : a.localeCompare(b, "zh-CN");

  // What is shown stands in the address, so that it can be sent: #?find=…&group=…&sort=2,down
  const state = new URLSearchParams(location.hash.startsWith("#?") ? location.hash.slice(2) : "");
  function keep(name, value) {
    if (value) state.set(name, value); else state.delete(name);
    if (`${state}` || location.hash.startsWith("#?")) history.replaceState(null, "", `#?${state}`);
  }

  function sort(table, head, wanted) {
    const other = head.getAttribute("aria-sort") ? head.getAttribute("aria-sort") === "descending" : head.dataset.first === "up";
    const up = wanted === undefined ? other : wanted;
    const numeric = head.classList.contains("n"), column = head.cellIndex, body = table.tBodies[0];
    const rows = [...body.rows].map(row => [value(row, column, numeric), row]);
    rows.sort(([a], [b]) => a === null || b === null ? (a === null) - (b === null) : up ? compare(a, b) : compare(b, a));
    body.append(...rows.map(([, row]) => row));
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    if (table === tables[0]) keep("sort", `${column},${up ? "up" : "down"}`);
    say(tools.dataset.sorted, { column: head.textContent.trim(), order: up ? tools.dataset.up : tools.dataset.down });
  }

  function filter() {
    const wanted = folded(find.value);
    let shown = 0, all = 0;
    for (const section of document.querySelectorAll("section.listed")) {
      const rows = [...section.querySelectorAll("tbody tr")];
      for (const row of rows) {
        row.hidden = !(matches(row, wanted) && (!group.value || row.dataset.group === group.value));
      }
      const left = rows.filter(row => !row.hidden).length;
      section.hidden = rows.length > 0 && left === 0;
      if (!section.classList.contains("again")) { shown += left; all += rows.length; }
    }
    say(shown ? tools.dataset.shown : tools.dataset.none, { shown, all });
  }

  for (const table of tables) {
    for (const head of table.tHead.rows[0].cells) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      if (head.dataset.sorted !== "none") head.setAttribute("aria-sort", head.dataset.sorted);
      button.addEventListener("click", () => sort(table, head));
    }
  }
  find.addEventListener("input", () => { keep("find", find.value); filter(); });
  group.addEventListener("change", () => { keep("group", group.value); filter(); });
  tools.hidden = false;
  find.value = state.get("find") || "";
  if ([...group.options].some(one => one.value === state.get("group"))) group.value = state.get("group");
  const [column, order] = (state.get("sort") || "").split(",");
  const head = column && tables[0] && tables[0].tHead.rows[0].cells[Number(column)];
  if (head) sort(tables[0], head, order === "up");
  filter();
})();
