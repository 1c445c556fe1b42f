// The page fetches no file, whatever a specification names.
const loader = { load: () => Promise.reject(new Error("nothing is fetched")),
                 sanitize: () => Promise.reject(new Error("nothing is linked")) };

// All charts are drawn before the page counts as loaded, also those below the fold: who prints or
// captures the whole page then has them. The text is on the screen already: modules run after it.
for (const [id, spec] of Object.entries(JSON.parse(document.getElementById("specs").textContent))) {
  const place = document.getElementById(`chart-${id}`);
  vegaEmbed(place, spec, { actions: false, renderer: "svg", loader })
    .then(() => place.setAttribute("data-drawn", ""), console.error);
}
