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
    clear.hidden = n === 0;
  }

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
