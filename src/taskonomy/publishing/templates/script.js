"use strict";
(() => {
  const all = (query, root = document) => [...root.querySelectorAll(query)];

  // The taxonomy that the slider and the list point at.
  const controls = document.querySelector(".controls");
  if (controls) {
    const [budget, order, shown] = ["#budget", "#order", "#budget-shown"].map((id) =>
      controls.querySelector(id));
    const budgets = JSON.parse(budget.dataset.budgets);
    const show = () => {
      const chosen = String(budgets[budget.value]);
      shown.textContent = chosen;
      budget.setAttribute("aria-valuetext", "budget " + chosen);
      for (const panel of all(".policy")) {
        panel.hidden = panel.dataset.budget !== chosen || panel.dataset.order !== order.value;
      }
      const found = all(".policy").some((panel) => !panel.hidden);
      document.querySelector("#unsolved").hidden = found;
    };
    budget.addEventListener("input", show);
    order.addEventListener("change", show);
    controls.hidden = false;
    show();
  }

  // What belongs to one task lights up when the pointer is on it.
  for (const drawing of all("svg.graph")) {
    const clear = () => {
      drawing.classList.remove("lit");
      all(".on", drawing).forEach((part) => part.classList.remove("on"));
    };
    drawing.addEventListener("pointerover", (event) => {
      const part = event.target.closest("[data-task], [data-target]");
      clear();
      if (!part) return;
      const { task, target } = part.dataset;
      const lit = all("[data-target]", drawing).filter((other) =>
        task ? other.dataset.target === task || other.dataset.source === task
          : other.dataset.target === target);
      const targets = new Set(lit.map((other) => other.dataset.target));
      const ends = new Set([task, ...lit.flatMap((other) =>
        [other.dataset.source, other.dataset.target])]);
      drawing.classList.add("lit");
      lit.forEach((other) => other.classList.add("on"));
      all(".joint, .stem", drawing).forEach((joint) =>
        joint.classList.toggle("on", targets.has(joint.dataset.target)));
      all("[data-task]", drawing).forEach((node) =>
        node.classList.toggle("on", ends.has(node.dataset.task)));
    });
    drawing.addEventListener("pointerleave", clear);
  }

  // A tap has no hover: say at the foot of the page what a title would say.
  const tip = document.querySelector("#tip");
  document.addEventListener("click", (event) => {
    let words = "";
    for (let at = event.target; at && at !== document && !words; at = at.parentNode) {
      const inside = at.children && [...at.children].find((child) => child.nodeName === "title");
      words = (at.getAttribute && at.getAttribute("title")) || (inside ? inside.textContent : "");
    }
    tip.textContent = words;
  });
})();
