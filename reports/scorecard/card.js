// Points and place as if the ticked cases had been as they should: the numbers are the program's, whole numbers all.
"use strict";
(() => {
  const panel = document.getElementById("if");
  const unit = JSON.parse(document.getElementById("numbers").textContent);
  const said = document.getElementById("if-said"), clear = document.getElementById("if-clear");
  const marked = [...document.querySelectorAll("[data-if]")];

  // Fractions as [numerator, denominator > 0].
  const floor = ([a, b]) => a >= 0n ? a / b : -((-a + b - 1n) / b);
  const ceil = ([a, b]) => -floor([-a, b]);
  const times = ([a, b], [c, d]) => [a * c, b * d];
  const plus = ([a, b], [c, d]) => [a * d + c * b, b * d];
  const big = pair => pair.map(BigInt);
  const halfUp = ([a, b]) => a >= 0n ? (200n * a + b) / (2n * b) : -((-200n * a + b) / (2n * b));  // hundredths
  const steps = { whole_steps: part => [floor(part), 1n], any_part: part => [ceil(part), 1n], pro_rata: part => part };

  function score(item, i, ticks) {
    let taken = big(item.fixed);
    item.rules.forEach((rule, j) => {
      const ticked = k => BigInt(ticks.get(`${i}.${j}.${k}`) || 0), deduct = big(rule.deduct);
      if (!rule.cells) { taken = plus(taken, times(deduct, [BigInt(rule.n) - ticked(0), 1n])); return; }
      rule.cells.forEach((cell, k) => {
        const [part, of, target, under] = big(cell);
        if (!of) return;
        const short = plus([target, under], [-100n * (part + ticked(k)), of]);
        if (short[0] > 0n) {
          const [each, parts] = big(rule.each);
          taken = plus(taken, times(steps[rule.mode](times(short, [parts, each])), deduct));
        }
      });
    });
    const full = BigInt(item.full);
    const left = item.whole ? halfUp(plus([full, 100n], [-taken[0], taken[1]])) : full - halfUp(taken);
    return item.floor === null || left > BigInt(item.floor) ? left : BigInt(item.floor);
  }

  const sum = ticks => unit.items.reduce((all, item, i) => all + score(item, i, ticks) - BigInt(item.score), 0n);
  const place = (among, gain) => 1 + among.filter(other => BigInt(other) > BigInt(unit.own) + gain).length;
  const passed = (among, gain) => among.filter(other => BigInt(other) >= BigInt(unit.own) && BigInt(other) < BigInt(unit.own) + gain).length;
  const points = n => `${n < 0n ? "-" : ""}${(n < 0n ? -n : n) / 100n}.${String((n < 0n ? -n : n) % 100n).padStart(2, "0")}`;
  if (sum(new Map()) !== 0n) return;  // what does not come to the printed score is not offered

  function count() {
    const ticks = new Map();
    for (const one of marked) if (one.box.checked) ticks.set(one.dataset.if, (ticks.get(one.dataset.if) || 0) + 1);
    const gain = sum(ticks), n = [...ticks.values()].reduce((all, one) => all + one, 0);
    const overall = unit.others.length > 0, places = among => [place(among, 0n), place(among, gain)];
    const facts = {
      n, gain: points(gain), before: points(BigInt(unit.total)), after: points(BigInt(unit.total) + gain),
      from: overall ? places(unit.others)[0] : "—", to: overall ? places(unit.others)[1] : "—",
      from_group: places(unit.peers)[0], to_group: places(unit.peers)[1],
      passed: passed(overall ? unit.others : unit.peers, gain),
    };
    said.textContent = (n ? panel.dataset.said : panel.dataset.none).replace(/\{(\w+)\}/g, (_, name) => facts[name]);
    panel.classList.toggle("ticked", n > 0);
    clear.hidden = make.hidden = n === 0;
    if (n === 0) form.hidden = true;
    if (!form.hidden) fill();
  }

  // The ticked lines as an objection: a form to print, and a workbook whose columns are those of the export table of
  // decisions, so that whoever decides fills in the rest of it.
  const form = document.getElementById("objection"), make = document.getElementById("if-object");
  const text = node => node ? node.textContent.trim() : "";
  const written = new Map();  // a line's ground and evidence, kept while others are ticked

  function ticked() {
    return marked.filter(one => one.box.checked).map(one => {
      const of_rate = one.closest("li"), body = one.closest("tbody"), row = one.closest("tr");
      return {
        one, number: text(one), rule: body.id.replace("rule-", ""), title: text(body.querySelector("th").firstChild),
        ref: of_rate ? "" : text(row.querySelector("td.ref")),
        why: of_rate ? text(of_rate.querySelector(".small")) : text([...row.cells].at(-2).firstChild),
        asked: of_rate ? form.dataset.exclude : form.dataset.waive,
      };
    });
  }

  function fill() {
    const body = form.querySelector("tbody");
    body.replaceChildren(...ticked().map((line, n) => {
      const row = document.createElement("tr"), kept = written.get(line.one) || ["", ""];
      for (const said of [n + 1, line.number, line.title, line.why, line.asked]) row.insertCell().textContent = said;
      [form.dataset.ground, form.dataset.evidence].forEach((label, at) => {
        const field = row.insertCell().appendChild(document.createElement("textarea"));
        field.setAttribute("aria-label", `${label} ${n + 1}`);
        field.value = kept[at];
        field.addEventListener("input", () => { kept[at] = field.value; written.set(line.one, kept); });
      });
      return row;
    }));
    const said = form.querySelector("[data-said]");
    said.textContent = said.dataset.said.replace("{n}", body.rows.length);
  }

  const escaped = said => String(said).replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, "").replace(/[&<>]/g, c => `&#${c.charCodeAt()};`);
  const xml = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>', office = "http://schemas.openxmlformats.org/";
  const part = (type, target, n) => `<Relationship Id="r${n}" Type="${office}officeDocument/2006/relationships/${type}" Target="${target}"/>`;
  const related = parts => `${xml}<Relationships xmlns="${office}package/2006/relationships">${parts}</Relationships>`;
  const typed = (name, type) => `<Override PartName="/xl/${name}.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.${type}+xml"/>`;

  function workbook() {
    const heads = form.dataset.heads.split(" "), of = { [heads[3]]: () => form.dataset.unit, [heads[4]]: () => form.dataset.name };
    const facts = [[5, "number"], [6, "rule"], [7, "ref"], [8, "why"], [9, "asked"]];
    const rows = [heads, ...ticked().map(line => heads.map((head, at) => {
      const fact = facts.find(([place]) => place === at), kept = written.get(line.one) || ["", ""];
      return of[head] ? of[head]() : fact ? line[fact[1]] : at === 10 ? kept[0] : at === 11 ? kept[1] : "";
    }))];
    const cells = rows.map((row, n) => `<row r="${n + 1}">${row.map((said, at) => said &&
      `<c r="${String.fromCharCode(65 + at)}${n + 1}" s="${n ? 1 : 2}" t="inlineStr"><is><t xml:space="preserve">${escaped(said)}</t></is></c>`).join("")}</row>`).join("");
    const main = `xmlns="${office}spreadsheetml/2006/main"`, wide = heads.map((_, n) => `<col min="${n + 1}" max="${n + 1}" width="${n === 8 || n === 10 ? 36 : 16}" customWidth="1"/>`).join("");
    return zipped({
      "[Content_Types].xml": `${xml}<Types xmlns="${office}package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>${typed("workbook", "sheet.main")}${typed("sheet", "worksheet")}${typed("styles", "styles")}</Types>`,
      "_rels/.rels": related(part("officeDocument", "xl/workbook.xml", 1)),
      "xl/workbook.xml": `${xml}<workbook ${main} xmlns:r="${office}officeDocument/2006/relationships"><sheets><sheet name="${form.dataset.sheet}" sheetId="1" r:id="r1"/></sheets></workbook>`,
      "xl/_rels/workbook.xml.rels": related(part("worksheet", "sheet.xml", 1) + part("styles", "styles.xml", 2)),
      "xl/styles.xml": `${xml}<styleSheet ${main}><fonts count="2"><font><sz val="11"/></font><font><b/><sz val="11"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="3"><xf/>${[0, 1].map(font => `<xf numFmtId="49" fontId="${font}" applyNumberFormat="1" applyFont="1" applyAlignment="1"><alignment vertical="top" wrapText="1"/></xf>`).join("")}</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`,
      "xl/sheet.xml": `${xml}<worksheet ${main}><cols>${wide}</cols><sheetData>${cells}</sheetData></worksheet>`,
    });
  }

  // A zip of stored files.
  const crcs = Array.from({ length: 256 }, (_, n) => { for (let k = 0; k < 8; k += 1) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1; return n; });
  const crc = bytes => (bytes.reduce((sum, byte) => crcs[(sum ^ byte) & 255] ^ (sum >>> 8), -1) ^ -1) >>> 0;
  const packed = fields => Uint8Array.from(fields.flatMap(([size, value]) => Array.from({ length: size }, (_, n) => (value >>> (8 * n)) & 255)));
  function zipped(files) {
    const body = [], listed = [];
    let at = 0;
    for (const [name, content] of Object.entries(files)) {
      const [title, bytes] = [name, content].map(said => new TextEncoder().encode(said));
      const facts = [[2, 20], [2, 0x800], [2, 0], [2, 0], [2, 0x21], [4, crc(bytes)], [4, bytes.length], [4, bytes.length], [2, title.length], [2, 0]];
      const head = packed([[4, 0x04034b50], ...facts]);
      listed.push(packed([[4, 0x02014b50], [2, 20], ...facts, [2, 0], [2, 0], [2, 0], [4, 0], [4, at]]), title);
      body.push(head, title, bytes);
      at += head.length + title.length + bytes.length;
    }
    const size = listed.reduce((sum, one) => sum + one.length, 0), n = listed.length / 2;
    return new Blob([...body, ...listed, packed([[4, 0x06054b50], [4, 0], [2, n], [2, n], [4, size], [4, at], [2, 0]])]);
  }

  make.addEventListener("click", () => { form.hidden = false; fill(); form.scrollIntoView(); form.focus({ preventScroll: true }); });
  form.querySelector("#objection-print").addEventListener("click", () => {
    document.body.classList.add("objecting");
    window.print();
    document.body.classList.remove("objecting");
  });
  form.querySelector("#objection-sheet").addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(workbook());
    link.download = `${form.dataset.sheet}-${form.dataset.unit}.xlsx`;
    link.click();
  });

  for (const one of marked) {
    one.box = document.createElement("input");
    one.box.type = "checkbox";
    one.box.setAttribute("aria-label", panel.dataset.label.replace("{case}", one.textContent.trim()));
    one.before(one.box, " ");
    one.box.addEventListener("change", count);
  }
  clear.addEventListener("click", () => { for (const one of marked) one.box.checked = false; count(); });
  panel.hidden = false;
  count();
})();
