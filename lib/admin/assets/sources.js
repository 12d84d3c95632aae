// The charts of the sources page; a link to a refusal opens it.
import { drawCounts } from "./chart.js";

const KINDS = ["accepted", "duplicate", "rejected"];
for (const holder of document.querySelectorAll("[data-day]")) {
  const day = JSON.parse(holder.dataset.day);
  const data = [
    day.map(({ at }) => Date.parse(at) / 1000),
    ...KINDS.map((kind) => day.map((one) => one[kind])),
  ];
  drawCounts(holder, KINDS, data, { height: 120 });
}

function open() {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  if (target instanceof HTMLDetailsElement) target.open = true;
}
addEventListener("hashchange", open);
open();
