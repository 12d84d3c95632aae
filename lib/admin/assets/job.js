// Follows work on many dead letters to its end.
const box = document.querySelector("[data-job]");
const show = (name, text) => box.querySelector(`[data-${name}]`).textContent = text;

async function look() {
  const response = await fetch(`/api/jobs/${box.dataset.job}`).catch(() => null);
  if (response === null || response.status === 503) {
    show("state", "the relay does not answer");
    return void setTimeout(look, 2000);
  }
  if (!response.ok) return show("state", "unknown");
  const { done, total, state, error } = await response.json();
  const bar = box.querySelector("progress");
  bar.max = Math.max(total, 1);
  bar.value = done;
  show("done", done.toLocaleString("en"));
  show("total", total.toLocaleString("en"));
  show("state", error ? `${state}: ${error}` : state);
  if (state === "running") setTimeout(look, 400);
  else if (state === "finished") bar.value = bar.max;
}
look();
