// The live view: rows that arrive over the stream, pausing, the watchlist, the chart.
import { localTimes, showHealth } from "./app.js";

const MOST_ROWS = 200;
const MOST_MOVES = 2000;

// The watchlist is this browser's own.
const KEY = "coinrelay.watchlist";
let watched = new Set(readList(localStorage.getItem(KEY)));
function readList(text) {
  try {
    const list = JSON.parse(text ?? "[]");
    return Array.isArray(list) ? list.filter((id) => typeof id === "string") : [];
  } catch {
    return [];
  }
}

function showStars(root) {
  for (const star of root.querySelectorAll("[data-star]")) {
    const on = watched.has(star.dataset.star);
    star.hidden = false;
    star.setAttribute("aria-pressed", String(on));
    star.textContent = star.classList.contains("watch") ? (on ? "★ Watched" : "☆ Watch") : on ? "★" : "☆";
  }
}

document.addEventListener("click", (event) => {
  const star = event.target.closest("[data-star]");
  if (!star) return;
  const id = star.dataset.star;
  if (watched.has(id)) watched.delete(id);
  else watched.add(id);
  localStorage.setItem(KEY, JSON.stringify([...watched]));
  showStars(document);
  showWatchlist();
});
addEventListener("storage", (event) => {
  if (event.key !== KEY) return;
  watched = new Set(readList(event.newValue));
  showStars(document);
});
showStars(document);

// The watchlist as a filter is the coins themselves, so that the view can be shared.
const watchButton = document.querySelector("[data-watchlist]");
function watchlist() {
  return [...watched].slice(0, 50).join(",");
}
function showWatchlist() {
  if (!watchButton) return;
  const now = new URLSearchParams(location.search).get("coin") ?? "";
  watchButton.hidden = watched.size === 0;
  watchButton.setAttribute("aria-pressed", String(now !== "" && now === watchlist()));
}
watchButton?.addEventListener("click", () => {
  const search = new URLSearchParams(location.search);
  search.delete("cursor");
  if (watchButton.getAttribute("aria-pressed") === "true") search.delete("coin");
  else search.set("coin", watchlist());
  location.search = search;
});
showWatchlist();

const chartTile = document.querySelector("[data-rate]");
let showRate = () => {};
if (chartTile) {
  const { drawCounts } = await import("./chart.js");
  const KINDS = ["accepted", "duplicate", "rejected"];
  const columns = (
    buckets,
  ) => [buckets.map(({ at }) => at / 1000), ...KINDS.map((kind) => buckets.map((one) => one[kind]))];
  const holder = document.createElement("div");
  chartTile.append(holder);
  const draw = drawCounts(holder, KINDS, columns(JSON.parse(chartTile.dataset.rate)), {
    height: 46,
    axes: false,
  });
  showRate = (buckets) => draw(columns(buckets));
}

const list = document.querySelector("[data-events]");
if (list) follow();

function follow() {
  const lamp = document.querySelector("[data-connection]");
  const pause = document.querySelector("[data-pause]");
  const banner = document.querySelector("[data-paused]");
  const none = document.querySelector("[data-none]");
  const moves = new Map();
  /** Rows that arrived while paused, newest last. */
  let held = [];
  let paused = false;
  let waiting = [];
  let drawing = false;

  const search = new URLSearchParams(list.dataset.search);
  search.set("after", list.dataset.newest);
  const source = new EventSource(`/live/stream?${search}`);
  const say = (tone, text) => {
    lamp.className = `lamp ${tone}`;
    lamp.textContent = text;
  };
  source.onerror = () => {
    say("warn", "reconnecting");
    showHealth(null);
    // The stream is refused for good when the session has ended.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 3000);
    looking ??= setTimeout(lookWhy, 5000);
  };
  // A stream without a pulse may be one that ends as soon as it begins. Where no page can be made either, that says why.
  let looking;
  async function lookWhy() {
    looking = undefined;
    const response = await fetch("/api/overview").catch(() => null);
    if (response?.status === 503) location.reload();
    else looking ??= setTimeout(lookWhy, 5000);
  }

  source.addEventListener("row", (message) => {
    if (paused) {
      held.push(message.data);
      if (held.length > MOST_ROWS) held.shift();
      showHeld();
      return;
    }
    waiting.push(message.data);
    if (drawing) return;
    drawing = true;
    // A hidden tab gets no frames, and must not gather rows without end.
    if (document.hidden) draw();
    else requestAnimationFrame(draw);
  });

  source.addEventListener("moves", (message) => {
    for (const move of JSON.parse(message.data)) {
      moves.delete(move.delivery);
      moves.set(move.delivery, move);
      showMove(move, list);
    }
    while (moves.size > MOST_MOVES) moves.delete(moves.keys().next().value);
  });

  source.addEventListener("pulse", (message) => {
    clearTimeout(looking);
    looking = undefined;
    if (!lamp.classList.contains("good")) say("good", paused ? "paused" : "live");
    const pulse = JSON.parse(message.data);
    const { overview, rate, problems } = pulse;
    const tile = (name, text) => {
      const element = document.querySelector(`[data-tile="${name}"]`);
      if (element.textContent !== text) element.textContent = text;
    };
    const number = (value) => value.toLocaleString("en");
    tile("rate", number(overview.perMinute));
    tile("waiting", number(overview.waiting));
    tile("dead", number(overview.dead));
    document.querySelector('[data-tile="dead"]').className = `value ${overview.dead > 0 ? "warn" : ""}`;
    if (overview.lastEventAt) {
      const last = document.querySelector('[data-tile="last"]');
      if (!last.querySelector("time")) last.replaceChildren(document.createElement("time"));
      const time = last.querySelector("time");
      time.dateTime = overview.lastEventAt;
      time.dataset.relative = "";
      localTimes(last);
    }
    showHealth(pulse);
    const notices = document.querySelector("[data-problems]");
    if (notices.outerHTML !== problems) notices.outerHTML = problems;
    showRate(rate);
  });

  function draw() {
    drawing = false;
    const rows = waiting.slice(-MOST_ROWS);
    waiting = [];
    const template = document.createElement("template");
    template.innerHTML = rows.reverse().join("");
    for (const row of [...template.content.children]) {
      // What the page had already, or has had since it began, is not shown twice.
      if (list.querySelector(`[data-seq="${row.dataset.seq}"]`)) row.remove();
      else row.classList.add("new");
    }
    localTimes(template.content);
    showStars(template.content);
    for (const move of moves.values()) showMove(move, template.content);
    const above = list.getBoundingClientRect().top;
    const height = list.offsetHeight;
    list.prepend(template.content);
    // Whoever reads farther down keeps the place.
    if (above < 0) scrollBy(0, list.offsetHeight - height);
    while (list.children.length > MOST_ROWS) list.lastElementChild.remove();
    none.hidden = list.children.length > 0;
  }

  function showMove({ delivery, tone, word }, root) {
    const badge = root.querySelector(`a[data-delivery="${delivery}"]`);
    if (!badge) return;
    badge.className = `badge ${tone}`;
    badge.title = word;
    badge.querySelector(".vh").textContent = word;
  }

  function showHeld() {
    banner.hidden = !paused;
    const count = held.length === MOST_ROWS ? `${MOST_ROWS} or more` : held.length;
    document.querySelector("[data-held]").textContent = `Paused. ${count} new ${
      held.length === 1 ? "event" : "events"
    }.`;
  }

  function setPaused(on) {
    paused = on;
    pause.setAttribute("aria-pressed", String(on));
    pause.textContent = on ? "Resume" : "Pause";
    say("good", on ? "paused" : "live");
    showHeld();
    if (on) return;
    waiting.push(...held);
    held = [];
    draw();
  }
  pause.hidden = false;
  pause.addEventListener("click", () => setPaused(!paused));
  document.querySelector("[data-resume]").addEventListener("click", () => setPaused(false));
}
