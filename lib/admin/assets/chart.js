// Small charts of counts over time, in the colours of the page. The page loads uPlot before.
/* global uPlot */

const style = getComputedStyle(document.documentElement);
const TONES = { accepted: "--accent", duplicate: "--soft", rejected: "--bad" };

const clock = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", hour12: false });

/** A colour of the style sheet as the browser resolves it now: light or dark. */
function colour(name, alpha = 1) {
  const probe = document.createElement("span");
  probe.className = "hidden";
  probe.style.color = `color-mix(in srgb, var(${name}) ${alpha * 100}%, transparent)`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/**
 * Draws `data` (times in seconds, then one list of counts for each of `kinds`) into `into`, and again when the theme or
 * the width changes. Answers a function that takes new data.
 */
export function drawCounts(into, kinds, data, { height, axes = true }) {
  let chart;
  let shown = data;
  const step = data[0][1] - data[0][0];
  function draw() {
    chart?.destroy();
    const axis = (more) => ({
      stroke: colour("--soft"),
      grid: { stroke: colour("--line"), width: 1 },
      ticks: { show: false },
      font: `11px ${style.getPropertyValue("--sans")}`,
      ...more,
    });
    chart = new uPlot(
      {
        width: Math.max(120, into.clientWidth - 4),
        height,
        cursor: { drag: { x: false, y: false }, points: { size: 5 } },
        legend: { show: false },
        padding: axes ? [8, 8, 0, 0] : [4, 0, 0, 0],
        scales: {
          x: { range: (_self, min, max) => [min, max + step] },
          y: { range: (_self, _min, max) => [0, Math.max(4, max * 1.1)] },
        },
        axes: axes
          ? [
            axis({
              space: 70,
              size: 24,
              values: (_self, times) => times.map((time) => clock.format(time * 1000)),
            }),
            axis({
              size: 40,
              space: 30,
              incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 50000, 100000],
            }),
          ]
          : [{ show: false }, { show: false }],
        series: [
          {},
          ...kinds.map((kind) => ({
            label: kind,
            fill: colour(TONES[kind] ?? "--accent", 0.8),
            width: 0,
            points: { show: false },
            paths: uPlot.paths.bars({ size: [0.8, 40], align: 1 }),
          })),
        ],
      },
      shown,
      into,
    );
  }
  draw();
  let width = into.clientWidth;
  new ResizeObserver(() => {
    if (into.clientWidth === width) return;
    width = into.clientWidth;
    draw();
  }).observe(into);
  addEventListener("themechange", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  return (next) => {
    shown = next;
    chart.setData(next);
  };
}
