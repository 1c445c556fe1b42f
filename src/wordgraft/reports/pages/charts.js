// The page fetches no file, whatever a specification names.
const loader = { load: () => Promise.reject(new Error("nothing is fetched")),
                 sanitize: () => Promise.reject(new Error("nothing is linked")) };
const place = (id) => document.getElementById(`chart-${id}`);
const inView = ([id]) => place(id).getBoundingClientRect().top < innerHeight;

// Charts in view are drawn first; between two charts, the page stays responsive.
(async () => {
  const charts = Object.entries(JSON.parse(document.getElementById("specs").textContent));
  for (const [id, spec] of [...charts.filter(inView), ...charts.filter((chart) => !inView(chart))]) {
    await vegaEmbed(place(id), spec, { actions: false, renderer: "svg", loader })
      .then(() => place(id).setAttribute("data-drawn", ""), console.error);
    await new Promise((done) => setTimeout(done));
  }
})();
