// Follows work on many dead letters to its end.
const box = document.querySelector("[data-job]");
const show = (name, text) => box.querySelector(`[data-${name}]`).textContent = text;

async function look() {
  const response = await fetch(`/api/jobs/${box.dataset.job}`);
  if (!response.ok) return show("state", "unknown");
  const { done, total, state } = await response.json();
  const bar = box.querySelector("progress");
  bar.max = Math.max(total, 1);
  bar.value = done;
  show("done", done.toLocaleString("en"));
  show("total", total.toLocaleString("en"));
  show("state", state);
  if (state === "running") setTimeout(look, 400);
  else bar.value = bar.max;
}
look();
