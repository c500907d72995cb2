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

  // Other readings, one or several at once: the page counts again with the program's numbers, whole ones all.
  const reread = document.getElementById("reread"), switches = reread ? [...reread.querySelectorAll("select")] : [];
  const numbers = reread && JSON.parse(document.getElementById("numbers").textContent);
  const columns = new Map(tables.map(table => [table, [...table.tHead.rows[0].cells].filter(head => head.dataset.is)]));
  const rows = tables.flatMap(table => [...table.querySelectorAll("tr[data-at]")].map(row => ({
    row, at: Number(row.dataset.at), cells: columns.get(table).map(head => row.cells[head.cellIndex]), is: columns.get(table).map(head => Number(head.dataset.is)),
  })));
  for (const one of rows) one.was = one.cells.map(cell => cell.textContent);
  // What holds under the readings in force alone: case rows, the rate, the grade, and the change since the period before.
  const only = tables.flatMap(table => [...table.tHead.rows[0].cells].filter(head => head.dataset.only !== undefined).flatMap(head =>
    [...table.tBodies[0].rows].map(row => ({ cell: row.cells[head.cellIndex], was: row.cells[head.cellIndex].textContent, title: head.textContent.trim() }))));
  const points = n => `${n < 0n ? "-" : ""}${(n < 0n ? -n : n) / 100n}.${String((n < 0n ? -n : n) % 100n).padStart(2, "0")}`;
  const listed = names => names.join(document.documentElement.lang === "en" ? ", " : "、");
  const OUT = ["left_out", "reweighted"];
  const STEPS = {
    whole_steps: (short, step) => [short / step, 1n], any_part: (short, step) => [(short + step - 1n) / step, 1n], pro_rata: (short, step) => [short, step],
  };

  const down = (a, b) => a / b - (a < 0n && a % b ? 1n : 0n);
  const nearest = (a, b) => a < 0n ? -nearest(-a, b) : (2n * a + b) / (2n * b);  // halves away from nothing
  const word = (said, how) => typeof said === "number" ? numbers.readings[said][1 + how[said]] : said;
  function added(parts, how, size) {
    const found = Array(size).fill(0);
    for (const [key, different] of Object.entries(parts)) {
      if (key && !key.split(" ").every(one => how[one.split(".")[0]] === Number(one.split(".")[1]))) continue;
      for (const [n, where] of different) { let at = 0; for (const gap of where) { at += gap; found[at] += n; } }
    }
    return found;
  }

  // What the rates of an item leave of it: how far each lies under its target, month by month or in one.
  function rated(item, how) {
    const { months, base: { length: size } } = numbers, without = word(item.unmeasured, how);
    const full = BigInt(item.full), floor = item.floor === null ? null : BigInt(item.floor);
    const read = item.rates.map(rate => ({
      rate, mode: word(rate.mode, how), per: word(rate.per, how), part: added(rate.part, how, size * months), of: added(rate.of, how, size * months),
    }));
    return Array.from({ length: size }, (_, unit) => {
      let top = 0n, bottom = 1n, bare = 0;
      for (const { rate, mode, per, part, of } of read) {
        const cells = Array.from({ length: months }, (_, month) => unit * months + month), sum = table => cells.reduce((all, at) => all + table[at], 0);
        if (sum(of) < rate.needs) {
          bare += 1;
          if (without === "zero") top += (full - (floor !== null && floor < 0n ? floor : 0n)) * bottom;
          continue;
        }
        const held = cells.filter((_, month) => rate.held[month]), times = BigInt(per === "mean" ? Math.max(held.length, 1) : 1);
        const spans = per !== "period" && per !== "pooled" ? held.map(at => [part[at], of[at], at]) : rate.held[0] ? [[sum(part), sum(of), cells[0]]] : [];
        for (const [some, all, at] of spans) {
          const target = typeof rate.target === "number" ? rate.target : rate.target[at];
          const short = all < rate.needs ? 0n : BigInt(target) * BigInt(all) - 10000n * BigInt(some), step = BigInt(rate.each) * BigInt(all);
          if (short <= 0n) continue;
          const [cost, parts] = STEPS[mode](short, step);  // a way that the page does not know stops it
          top = top * parts * times + cost * BigInt(rate.deduct) * bottom;
          bottom *= parts * times;
        }
      }
      if (bare === read.length && OUT.includes(without)) return [0n, full, without === "reweighted" ? 0n : full];
      const left = item.round === "score" ? nearest(full * bottom - top, bottom) : full - nearest(top, bottom);
      const kept = floor !== null && left < floor ? floor : left;
      return [kept < full ? kept : full, 0n, 0n];
    });
  }

  // Of every unit its points of an item, and the marks that do not count for it, and that nothing stands for.
  function scored(item, how) {
    if (item.rates) return rated(item, how);
    const [more, gone, lacks] = [item.points, item.gone, item.lacks].map(parts => added(parts, how, numbers.base.length));
    return more.map((by, unit) => [BigInt(item.score[unit] + by), BigInt(gone[unit]), BigInt(lacks[unit])]);
  }

  const groupOf = new Map(rows.map(({ row, at }) => [at, row.dataset.group]));
  function figures(how) {
    const found = numbers.base.map((base, unit) => ({ base: BigInt(base), bonus: BigInt(numbers.bonus[unit]), left: BigInt(numbers.rest), stands: BigInt(numbers.rest) }));
    for (const item of numbers.items) {
      scored(item, how).forEach(([now, gone, lacks], unit) => {
        const one = found[unit];
        one[item.full ? "base" : "bonus"] += now - BigInt(item.score[unit]);
        one.left += BigInt(item.full) - gone;
        one.stands += BigInt(item.full) - lacks;
      });
    }
    for (const one of found) {
      const { base, bonus, left, stands } = one;
      one.total = base + bonus + (left !== stands && left > 0n ? down(2n * base * stands + left, 2n * left) - base : 0n);
      one.figure = word(numbers.by, how) === "base" ? base : one.total;
      one.share = numbers.share ? left ? [one.figure, left] : [0n, 1n] : [one.figure, 1n];
    }
    const above = (a, b) => a.share[0] * b.share[1] > b.share[0] * a.share[1];
    return found.map((one, unit) => [
      BigInt(1 + found.filter(other => above(other, one)).length),
      BigInt(1 + found.filter((other, k) => groupOf.get(k) === groupOf.get(unit) && other.figure > one.figure).length),
      one.total, one.base, one.bonus,
    ]);
  }
  const shownAs = (figure, is) => is < 2 ? String(figure) : points(figure);
  const now = numbers && figures(numbers.readings.map(() => 0));
  const counts = Boolean(numbers) && rows.every(({ at, is, was }) => is.every((which, n) => shownAs(now[at][which], which) === was[n]));
  // What does not come to the printed figures is not offered.
  const chosen = () => switches.filter(one => one.value !== "0");
  const named = one => one.labels[0].textContent;

  function together() {
    const changed = chosen().map(one => Number(one.dataset.n));
    for (const [k, { alone }] of numbers.items.entries()) {
      const both = changed.filter(n => alone && alone.includes(n));
      if (both.length > 1) return [numbers.titles[k], listed(chosen().filter(one => both.includes(Number(one.dataset.n))).map(named))];
    }
    return null;
  }

  function rank() {
    const changed = chosen(), apart = together(), any = changed.length > 0 && !apart;
    const how = numbers.readings.map(() => 0), placeOf = new Map();
    if (any) for (const one of changed) how[one.dataset.n] = Number(one.value);
    const then = any ? figures(how) : now;
    let moved = 0, most = 0n, others = 0;
    for (const { cell, was } of only) cell.textContent = any ? "—" : was;
    for (const { row, at, cells, is, was } of rows) {
      cells.forEach((cell, n) => { cell.textContent = any ? shownAs(then[at][is[n]], is[n]) : was[n]; });
      row.classList.toggle("reread", then[at].some((figure, which) => figure !== now[at][which]));
      if (row.closest("table") !== tables[0]) continue;
      const by = then[at][0] - now[at][0], far = by < 0n ? -by : by;
      if (by) placeOf.set(at, Number(then[at][0]));
      moved += by !== 0n; most = far > most ? far : most; others += then[at][2] !== now[at][2];
    }
    for (const chart of document.querySelectorAll("svg.places")) {
      const { from, count, last, left, right, row, top } = Object.fromEntries(Object.entries(chart.dataset).map(([name, text]) => [name, Number(text)]));
      const x = place => left + (right - left) * (Math.min(place, last) - 1) / Math.max(last - 1, 1);
      chart.querySelector(".reread").setAttribute("d", [...placeOf].filter(([at]) => at >= from && at < from + count)
        .map(([at, place]) => `M${x(place).toFixed(1)} ${top + row * (at - from)}m-5 0l5 -5l5 5l-5 5z`).join(""));
    }
    keep("reread", changed.map(one => { const [id, ...values] = numbers.readings[one.dataset.n]; return `${id}=${values[one.value]}`; }).join(","));
    for (const table of tables.filter(one => columns.get(one).length)) sort(table, table.tHead.rows[0].cells[0], true);
    const hidden = [...new Set(only.map(one => one.title))], { said, hidden: left, same, alone } = reread.dataset;
    say(apart ? alone : any ? said + (hidden.length ? left : "") : same,
      { n: changed.length, moved, most, changed: others, columns: listed(hidden), item: apart && apart[0], readings: apart && apart[1] });
    for (const one of switches) one.classList.toggle("changed", one.value !== "0");
    reread.querySelector("button").hidden = changed.length === 0;
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
      const items = heads.slice(2).map((head, n) => [head.firstChild.textContent, ...[one, two].map(unit => unit.cells[n + 2].textContent)]);
      for (const [title, ...pair] of [...items, [beside.dataset.total, one.dataset.total, two.dataset.total]]) {
        const row = rows.insertRow();
        cell(row, title, "th").scope = "row";
        for (const text of pair) cell(row, text).className = "n";
        const [a, b] = pair.map(text => Math.round(100 * Number(text)));  // shown figures have two decimals at most
        cell(row, Number.isNaN(a - b) ? "—" : `${a > b ? "+" : ""}${points(BigInt(a - b))}`).className = "n";
      }
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
  if (counts) {
    reread.hidden = false;
    for (const one of switches) one.addEventListener("change", rank);
    reread.querySelector("button").addEventListener("click", () => { for (const one of switches) one.value = "0"; rank(); });
    for (const said of (state.get("reread") || "").split(",")) {
      const [id, value] = said.split("="), n = numbers.readings.findIndex(([name]) => name === id);
      const one = switches.find(other => Number(other.dataset.n) === n), at = n < 0 ? 0 : numbers.readings[n].indexOf(value) - 1;
      if (one && at > 0) one.value = String(at);
    }
    if (chosen().length) { reread.open = true; rank(); }
  }
  if (head) sort(tables[0], head, order === "up");
  if (!chosen().length) filter();
})();
