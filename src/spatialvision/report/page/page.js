"use strict";
// Draws the charts with plotly.js as they come into view, sorts tables, switches groups and light and dark.
(() => {
  const charts = JSON.parse(document.getElementById("charts").textContent);
  const root = document.documentElement;
  const touched = matchMedia("(pointer: coarse)").matches;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const hidden = new Set();
  const drawn = new Set();
  const config = {
    responsive: true,
    displaylogo: false,
    typesetMath: false,
    modeBarButtons: [["zoom2d", "pan2d", "resetScale2d", "toImage"]],
  };

  // The page's own colours, as the chosen scheme resolves them.
  function colour(name) {
    const probe = document.body.appendChild(document.createElement("i"));
    probe.style.color = `var(--${name})`;
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  }

  function themed(layout) {
    const [ink, quiet, line, raised] = ["ink", "quiet", "line", "raised"].map(colour);
    const lines = { gridcolor: line, zerolinecolor: line, linecolor: line, tickfont: { color: quiet } };
    const result = {
      margin: { l: 52, r: 12, t: touched ? 34 : 12, b: 46 },
      // On a touch screen a finger that moves over a chart scrolls the page; zoom is in the bar above it.
      dragmode: touched ? false : "zoom",
      ...layout,
      uirevision: "kept",
      paper_bgcolor: "transparent",
      plot_bgcolor: "transparent",
      font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: ink },
      hoverlabel: { namelength: -1, bgcolor: raised, bordercolor: line, font: { color: ink } },
      modebar: { bgcolor: "transparent", color: quiet, activecolor: ink, ...layout.modebar },
    };
    for (const axis of ["xaxis", "yaxis"]) {
      const own = layout[axis] || {};
      result[axis] = { ...lines, ...own, tickfont: { ...lines.tickfont, ...own.tickfont } };
    }
    return result;
  }

  function draw(node) {
    const chart = charts[node.dataset.chart];
    const layout = themed(chart.layout);
    const traces = chart.frames[chart.frame].map((trace) => ({
      ...trace,
      visible: !hidden.has(trace.legendgroup),
      textfont: { color: layout.font.color },
    }));
    drawn.add(node);
    return Plotly.react(node, traces, layout, config);
  }

  const plots = [...document.querySelectorAll(".plot")];
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const entry of entries.filter((each) => each.isIntersecting)) {
        watcher.unobserve(entry.target);
        draw(entry.target);
      }
    },
    { rootMargin: "400px" },
  );
  plots.forEach((node) => watcher.observe(node));
  addEventListener("beforeprint", () => plots.forEach(draw));

  for (const select of document.querySelectorAll(".chart select")) {
    const node = select.closest(".chart").querySelector(".plot");
    select.addEventListener("change", () => {
      charts[node.dataset.chart].frame = Number(select.value);
      draw(node);
    });
  }

  for (const button of document.querySelectorAll(".group")) {
    button.addEventListener("click", () => {
      const shown = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(shown));
      if (shown) hidden.delete(button.dataset.group);
      else hidden.add(button.dataset.group);
      drawn.forEach(draw);
    });
  }

  function redraw() {
    drawn.forEach(draw);
  }
  dark.addEventListener("change", redraw);
  document.getElementById("scheme").addEventListener("click", () => {
    const isDark = root.dataset.scheme ? root.dataset.scheme === "dark" : dark.matches;
    root.dataset.scheme = isDark ? "light" : "dark";
    redraw();
  });

  // Numbers by value with what is missing last, words by the alphabet; a second click turns the order round.
  function compare(one, other, sign) {
    if (!("number" in one.dataset)) return sign * one.dataset.sort.localeCompare(other.dataset.sort);
    const [a, b] = [one, other].map((cell) => (cell.dataset.sort === "" ? NaN : Number(cell.dataset.sort)));
    return Number.isNaN(a) - Number.isNaN(b) || sign * (a - b) || 0;
  }

  for (const table of document.querySelectorAll("table.sortable")) {
    const headings = [...table.tHead.rows[0].cells];
    headings.forEach((heading, place) => {
      heading.querySelector("button").addEventListener("click", () => {
        const falling = heading.ariaSort ? heading.ariaSort === "ascending" : heading.classList.contains("number");
        headings.forEach((each) => each.removeAttribute("aria-sort"));
        heading.ariaSort = falling ? "descending" : "ascending";
        const rows = [...table.tBodies[0].rows];
        rows.sort((one, other) => compare(one.cells[place], other.cells[place], falling ? -1 : 1));
        table.tBodies[0].append(...rows);
      });
    });
  }
})();
