// What every page does: times in the reader's own zone, copying, asking back, the theme.

const clock = new Intl.DateTimeFormat([], {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hour12: false,
});
const full = new Intl.DateTimeFormat([], { dateStyle: "medium", timeStyle: "medium" });
const day = new Intl.DateTimeFormat([], { month: "short", day: "numeric" });

function ago(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 90) return `${seconds} s ago`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 36 * 3600) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86400)} days ago`;
}

function ahead(ms) {
  const seconds = Math.round(ms / 1000);
  return seconds < 90
    ? `in ${seconds} s`
    : seconds < 5400
    ? `in ${Math.round(seconds / 60)} min`
    : `in ${Math.round(seconds / 3600)} h`;
}

/** Writes every time inside `root` in the reader's own zone. */
export function localTimes(root = document) {
  const now = Date.now();
  for (const element of root.querySelectorAll("time[datetime]")) {
    const at = Date.parse(element.dateTime);
    if (Number.isNaN(at)) continue;
    element.title = `${full.format(at)} · ${element.dateTime}`;
    if (element.dataset.relative !== undefined) {
      element.textContent = at > now + 1500 ? ahead(at - now) : ago(now - at);
    } else {
      const today = new Date(at).toDateString() === new Date(now).toDateString();
      element.textContent = today ? clock.format(at) : `${day.format(at)} ${clock.format(at)}`;
    }
  }
}

// A narrow window shows only some of the pages' names.
// By hand: `scrollIntoView` would have the first Tab go on from there.
const here = document.querySelector("nav [aria-current]");
if (here) {
  const bar = here.closest(".side");
  const toBar = here.getBoundingClientRect().left - bar.getBoundingClientRect().left;
  bar.scrollLeft += toBar - (bar.clientWidth - here.offsetWidth) / 2;
}

localTimes();
setInterval(() => {
  for (const element of document.querySelectorAll("time[data-relative]")) localTimes(element.parentElement);
}, 1000);

document.addEventListener("click", async (event) => {
  const copy = event.target.closest("[data-copy]");
  if (copy) {
    const text = document.getElementById(copy.dataset.copy)?.dataset.text ??
      document.getElementById(copy.dataset.copy)?.textContent ?? "";
    const said = copy.textContent;
    try {
      await navigator.clipboard.writeText(text);
      copy.textContent = "Copied";
    } catch {
      copy.textContent = "Select the text and copy it";
    }
    setTimeout(() => copy.textContent = said, 1500);
  }
});

document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
  if (question && !confirm(question)) event.preventDefault();
});

// A filter takes effect when it is chosen; empty ones stay out of the address.
document.addEventListener("change", (event) => {
  if (event.target.matches("form[data-auto] select, form[data-auto] input[type=checkbox]")) {
    event.target.form.requestSubmit();
  }
  // What is chosen in one form of a page is not lost by another.
  for (const follower of document.querySelectorAll("[data-follows]")) {
    if (follower.dataset.follows === event.target.id) follower.value = event.target.value;
  }
  if (event.target.matches("[data-all]")) {
    for (const box of document.querySelectorAll(`input[name="${event.target.dataset.all}"]`)) {
      box.checked = event.target.checked;
    }
  }
});
document.addEventListener("formdata", (event) => {
  if (event.target.method !== "get") return;
  for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select")) return;
  const search = document.querySelector(".search input");
  if (search?.checkVisibility()) {
    event.preventDefault();
    search.focus();
  }
});

/** Says how the relay is, as its pulse tells; null: there is none, and what the page shows may be old. */
export function showHealth(pulse) {
  const lamp = document.querySelector("[data-lamp]");
  const [tone, word] = pulse === null
    ? ["warning away", "Not connected"]
    : [pulse.overview.health, pulse.word];
  lamp.className = `lamp ${tone}`;
  if (lamp.textContent !== word) lamp.textContent = word;
}

// What is shown in place of a page that cannot be made now looks again by itself, and goes when it can.
const again = document.querySelector("[data-again]");
if (again) setTimeout(lookAgain, 3000);
async function lookAgain() {
  const { href } = again.querySelector("a");
  const response = await fetch(href).catch(() => null);
  if (response === null || response.status === 503) setTimeout(lookAgain, 3000);
  else location.replace(href);
}

const themes = ["", "light", "dark"];
const themeSwitch = document.querySelector("[data-theme-switch]");
function nameTheme() {
  const now = document.documentElement.dataset.theme ?? "";
  themeSwitch.textContent = now === "" ? "Theme: system" : `Theme: ${now}`;
}
if (themeSwitch) {
  themeSwitch.hidden = false;
  nameTheme();
  themeSwitch.addEventListener("click", () => {
    const now = document.documentElement.dataset.theme ?? "";
    const next = themes[(themes.indexOf(now) + 1) % themes.length];
    if (next === "") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
    localStorage.setItem("coinrelay.theme", next);
    nameTheme();
    dispatchEvent(new Event("themechange"));
  });
}

// Pages with deliveries that are not settled look again when one of them moves on.
const unsettled = document.querySelector("[data-watch]");
let refreshing;
if (unsettled) {
  const source = new EventSource("/live/moves");
  source.addEventListener("pulse", (message) => showHealth(JSON.parse(message.data)));
  source.onerror = () => showHealth(null);
  // What moved on between the making of the page, or a break, and now.
  source.onopen = () => refreshing ??= setTimeout(refresh, 150);
  source.addEventListener("moves", (message) => {
    const moves = JSON.parse(message.data);
    const here = moves.some(({ delivery }) => unsettled.querySelector(`[data-delivery="${delivery}"]`));
    if (here && !refreshing) refreshing = setTimeout(refresh, 150);
  });
}

async function refresh() {
  refreshing = undefined;
  if (isBusy()) return lookLater();
  const { watch } = unsettled.dataset; // the answer to a form has an address that only takes forms
  const from = watch.startsWith("/") ? watch : location.href;
  const response = await fetch(from, { headers: { accept: "text/html" } }).catch(() => null);
  if (!response?.ok) return; // what comes next, or the stream that begins anew, looks again
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const fresh = page.querySelector("[data-watch]");
  if (!fresh) return;
  if (isBusy()) return lookLater();
  const opened = [...unsettled.querySelectorAll("details[open]")].map(placeOf);
  const chosen = [...unsettled.querySelectorAll("select")].map((select) => [placeOf(select), select.value]);
  const focus = unsettled.contains(document.activeElement) ? placeOf(document.activeElement) : null;
  unsettled.replaceChildren(...fresh.childNodes);
  localTimes(unsettled);
  for (const place of opened) elementAt(place)?.setAttribute("open", "");
  for (const [place, value] of chosen) {
    const select = elementAt(place);
    if (select && [...select.options].some((option) => option.value === value)) select.value = value;
  }
  if (focus) elementAt(focus)?.focus();
}

/** Whether somebody is about to choose or type here. */
function isBusy() {
  return document.activeElement.matches("[data-watch] :is(input, select, textarea)") ||
    unsettled.querySelector("input:checked") !== null;
}

function lookLater() {
  refreshing ??= setTimeout(refresh, 1000);
}

/** Where an element stands: in which delivery's part, and which of its kind there. */
function placeOf(element) {
  const delivery = element.closest("[data-delivery]")?.dataset.delivery;
  const kind = element.tagName;
  const mark = element.getAttribute("href") ?? element.id;
  return { delivery, kind, mark, index: alike({ delivery, kind, mark }).indexOf(element) };
}

function elementAt(place) {
  return alike(place)[place.index];
}

function alike({ delivery, kind, mark }) {
  return [...unsettled.querySelectorAll(kind)].filter((element) =>
    element.closest("[data-delivery]")?.dataset.delivery === delivery &&
    (element.getAttribute("href") ?? element.id) === mark
  );
}
