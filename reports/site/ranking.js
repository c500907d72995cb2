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
  // zjj, zhujianju and zhujj find it too: of some characters, in their order, the first letters of a syllable.
  function spelt(syllables, wanted, n = 0, at = 0, tried = new Set()) {
    if (at === wanted.length) return true;
    if (n === syllables.length || tried.has(n * 100 + at)) return false;
    tried.add(n * 100 + at);
    for (const syllable of syllables[n]) {
      for (let k = 1; k <= syllable.length && wanted.startsWith(syllable.slice(0, k), at); k += 1) {
        if (spelt(syllables, wanted, n + 1, at + k, tried)) return true;
      }
    }
    return spelt(syllables, wanted, n + 1, at, tried);
  }
  const placed = new Map([...document.querySelectorAll("tr[data-at][data-find]")].map(row => [row.dataset.at, row]));
  const matches = (row, wanted) => {
    const name = folded(row.querySelector("th").textContent), told = row.dataset.find === undefined ? placed.get(row.dataset.at) : row;
    if (name.includes(wanted) || folded(told.dataset.find).includes(wanted)) return true;
    if (wanted.length < 2) return false;
    return inOrder(name, [...wanted]) || (/^[a-z]+$/.test(wanted) && spelt(told.dataset.py.split(" ").map(one => one.split("/")), wanted));
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

  // Another reading: places and points were worked out by the program, {reading=value: [[changes, units], …]} with the
  // changes of place, place in group, total, base and bonus, points in hundredths.
  const reread = document.getElementById("reread");
  const under = reread ? JSON.parse(document.getElementById("under").textContent) : {};
  const columns = new Map(tables.map(table => [table, [...table.tHead.rows[0].cells].filter(head => head.dataset.is)]));
  const rows = tables.flatMap(table => [...table.querySelectorAll("tr[data-at]")].map(row => ({
    row, at: row.dataset.at, cells: columns.get(table).map(head => row.cells[head.cellIndex]), is: columns.get(table).map(head => Number(head.dataset.is)),
  })));
  const hundredths = text => Number(text.replace(".", ""));
  for (const one of rows) one.was = one.cells.map(cell => cell.textContent);
  // What holds under the reading in force alone: the grade, and the change of place since the period before.
  const only = tables.flatMap(table => [...table.tHead.rows[0].cells].filter(head => head.dataset.only !== undefined).flatMap(head =>
    [...table.tBodies[0].rows].map(row => ({ cell: row.cells[head.cellIndex], was: row.cells[head.cellIndex].textContent, title: head.textContent.trim() }))));
  const points = n => `${n < 0 ? "-" : ""}${Math.trunc(Math.abs(n) / 100)}.${String(Math.abs(n) % 100).padStart(2, "0")}`;
  const changed = (was, by, is) => is < 2 ? String(Number(was) + by) : points(hundredths(was) + by);

  function rank() {
    const found = new Map((under[reread.value] || []).flatMap(([by, units]) => units.map(at => [String(at), by]))), placeOf = new Map();
    let moved = 0, most = 0, others = 0;
    for (const { cell, was } of only) cell.textContent = reread.value ? "—" : was;
    for (const { row, at, cells, is, was } of rows) {
      const by = found.get(at);
      cells.forEach((cell, n) => { cell.textContent = by ? changed(was[n], by[is[n]] || 0, is[n]) : was[n]; });
      row.classList.toggle("reread", Boolean(by));
      if (row.closest("table") !== tables[0] || !by) continue;
      if (by[0]) placeOf.set(Number(at), Number(was[is.indexOf(0)]) + by[0]);
      moved += by[0] !== 0; most = Math.max(most, Math.abs(by[0])); others += Boolean(by[2]);
    }
    for (const chart of document.querySelectorAll("svg.places")) {
      const { from, count, last, left, right, row, top } = Object.fromEntries(Object.entries(chart.dataset).map(([name, text]) => [name, Number(text)]));
      const x = place => left + (right - left) * (Math.min(place, last) - 1) / Math.max(last - 1, 1);
      chart.querySelector(".reread").setAttribute("d", [...placeOf].filter(([at]) => at >= from && at < from + count)
        .map(([at, place]) => `M${x(place).toFixed(1)} ${top + row * (at - from)}m-5 0l5 -5l5 5l-5 5z`).join(""));
    }
    keep("reread", reread.value);
    for (const table of tables.filter(one => columns.get(one).length)) sort(table, table.tHead.rows[0].cells[0], true);
    const hidden = [...new Set(only.map(one => one.title))];
    say((reread.value ? reread.dataset.said + (hidden.length ? reread.dataset.hidden : "") : reread.dataset.same),
      { moved, most, changed: others, columns: hidden.join(document.documentElement.lang === "en" ? ", " : "、") });
  }

  // Two units beside each other, item by item, out of the table of scores.
  const heat = document.querySelector(".heat table"), beside = document.getElementById("compare");
  if (heat && beside) {
    const units = [...heat.tBodies[0].rows], heads = [...heat.tHead.rows[0].cells], body = document.getElementById("compared");
    const chosen = [...beside.querySelectorAll("select")];
    const cell = (row, text, name = "td") => { const made = document.createElement(name); made.textContent = text; row.append(made); return made; };
    const show = () => {
      const [one, two] = chosen.map(select => units[Number(select.value)]);
      keep("compare", one && two && chosen.every(select => select.value) ? chosen.map(select => select.value).join(",") : "");
      body.replaceChildren();
      if (chosen.some(select => !select.value)) return;
      const table = document.createElement("table"), top = table.createTHead().insertRow();
      ["", ...[one, two].map(unit => unit.cells[1].textContent), beside.dataset.difference].forEach((text, n) => {
        const head = cell(top, text, "th"); head.scope = "col"; head.className = n ? "n" : "";
      });
      const rows = table.createTBody();
      heads.slice(2).forEach((head, n) => {
        const row = rows.insertRow(), pair = [one, two].map(unit => unit.cells[n + 2].textContent);
        cell(row, head.firstChild.textContent, "th").scope = "row";
        for (const text of pair) cell(row, text).className = "n";
        const [a, b] = pair.map(text => Math.round(100 * Number(text)));  // shown figures have two decimals at most
        cell(row, Number.isNaN(a - b) ? "—" : `${a > b ? "+" : ""}${points(a - b)}`).className = "n";
      });
      body.append(table);
    };
    for (const select of chosen) {
      units.forEach((unit, n) => select.add(new Option(unit.cells[1].textContent, String(n))));
      select.addEventListener("change", show);
    }
    beside.hidden = false;
    const [one, two] = (state.get("compare") || "").split(",");
    if (units[Number(one)] && units[Number(two)] && two) { chosen[0].value = one; chosen[1].value = two; show(); }
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
  if (reread) {
    reread.addEventListener("change", rank);
    reread.value = Object.hasOwn(under, state.get("reread")) ? state.get("reread") : "";
    if (reread.value) rank();
  }
  if (head) sort(tables[0], head, order === "up");
  if (!reread || !reread.value) filter();
})();
