// Joins the parts: state, drawing in the order of what matters, and the page's elements.

const element = (id) => document.getElementById(id);
const GRID = 16;

function complain(text) {
  element("problem").hidden = !text;
  element("problem").textContent = text;
}

async function start() {
  const about = JSON.parse(element("model").textContent);
  const lacking = missingInBrowser();
  if (lacking) throw new Error(lacking);
  const model = await Model.load(about);
  const fields = fieldsOf(model);
  let { state, complaint } = readAddress(fields, location.hash);
  if (complaint) complain(complaint);
  let reference = null;
  let shown = null; // Of the image on the canvas: the state that it was drawn of, its levels, caption and file name.
  const get = (key) => state.get(key);
  const seen = { grid: "", corners: "", other: "" };

  // ---- what is drawn -------------------------------------------------------------------------------------------
  /** What a number is of, with a state's seed, class and truncation: covariates that it does not fix are drawn. */
  function sourceOf(number, view = state) {
    const seed = view.get("seed");
    const label = model.classes.length ? model.classes.indexOf(view.get("class")) : 0;
    const drawn = drawCovariates(model.covariates, seed, number, label);
    const covariates = model.covariates.map(({ name }, i) => view.get(`c.${name}`) ?? drawn[i]);
    return { seed, number, psi: view.get("psi"), label, covariates };
  }
  const cache = new Map();
  async function stylesOf(source) {
    const key = JSON.stringify({ ...source, seed: String(source.seed) });
    if (!cache.has(key)) {
      if (cache.size > 64) cache.delete(cache.keys().next().value);
      cache.set(key, await model.map(source));
    }
    return cache.get(key);
  }
  const cornerNumbers = (view = state) => [0, 1, 2, 3].map((i) => view.get("number") + i * view.get("corners"));

  /** The styles of a whole state: between corners, along directions, fine layers of the other image. */
  async function stylesOfState(view) {
    const [x, y] = [view.get("x"), view.get("y")];
    let w = await stylesOf(sourceOf(view.get("number"), view));
    if (x || y) {
      const corners = [];
      for (const number of cornerNumbers(view)) corners.push(await stylesOf(sourceOf(number, view)));
      w = weighted(corners, cornerShares(x, y));
    }
    if (view.get("from") < model.num_ws) {
      const other = await stylesOf(sourceOf(view.get("other"), view));
      const place = view.get("from") * model.w_dim;
      w = Float32Array.from(w, (value, i) => (i < place ? value : other[i]));
    }
    return alongDirections(w, model, (name) => view.get(`d.${name}`));
  }
  async function plainLevels(number) {
    const source = sourceOf(number);
    return toLevels(await model.synthesize(await stylesOf(source), source));
  }

  /** Draws the present state, though it may change meanwhile: name, caption and pixels are of one. */
  async function drawImage() {
    const begin = performance.now();
    const view = state;
    const source = sourceOf(view.get("number"), view);
    const levels = toLevels(await model.synthesize(await stylesOfState(view), source));
    const milliseconds = performance.now() - begin;
    const altered = alterations(fields, view, model.num_ws);
    const moved = altered.some((key) => key !== "psi" && !key.startsWith("c."));
    const caption = captionOf(fields, view, altered);
    const place = String(source.number).padStart(5, "0");
    shown = { view, levels, caption, fileName: fileNameOf(fields, view, place, altered) };
    paint(element("image"), levels, model);
    element("image").setAttribute("aria-label", `Synthetic image: ${caption}`);
    element("caption").textContent = caption;
    showNamed(namedByAudit(about.audit, source, moved));
    element("image").dataset.milliseconds = milliseconds.toFixed(1);
    element("status").textContent = `${milliseconds.toFixed(0)} ms`;
    showDifference();
  }

  function showDifference() {
    for (const id of ["difference", "scale", "reference"]) element(id).hidden = !reference;
    element("no-reference").hidden = reference !== null;
    if (!reference) return;
    const { map, limit, mean, largest } = difference(shown.levels, reference.levels, model.channels);
    const colours = Uint8ClampedArray.from([...map].flatMap((value) => divergingColour(value / limit)));
    paint(element("difference"), colours, { ...model, channels: 3 });
    paint(element("reference"), reference.levels, model);
    element("scale-low").textContent = `${limit} darker`;
    element("scale-high").textContent = `${limit} brighter`;
    const text = `Mean difference ${mean.toFixed(1)}, largest ${largest.toFixed(0)} of 255 grey levels`;
    element("difference-caption").textContent = `${text}; reference: ${reference.name}`;
    element("difference").setAttribute("aria-label", `Signed difference to ${reference.name}. ${text}`);
  }

  /** Small images that follow when the main one stands: a list of [canvas, number], skipped if nothing changed. */
  async function* drawSmall(name, pairs) {
    const key = JSON.stringify(pairs.map(([, number]) => ({ ...sourceOf(number), seed: String(get("seed")) })));
    if (seen[name] === key) return;
    seen[name] = "";
    for (const [canvas, number] of pairs) {
      paint(canvas, await plainLevels(number), model);
      yield;
    }
    seen[name] = key;
  }
  const gridStart = () => Math.floor(get("number") / GRID) * GRID;
  async function* drawRest() {
    yield* drawSmall("corners", cornerNumbers().map((number, i) => [document.querySelectorAll(".corner")[i], number]));
    yield* drawSmall("other", [[element("other-image"), get("other")]]);
    yield* drawSmall("grid", tiles.map((tile, i) => [tile.firstChild, gridStart() + i]));
  }

  // A change while something is drawn is drawn next; what is small waits until nothing changes.
  const pause = () => new Promise((resolve) => setTimeout(resolve));
  let running = null;
  let changed = false;
  function refresh() {
    changed = true;
    running ??= (async () => {
      while (changed) {
        changed = false;
        await drawImage();
        await pause();
        for await (const _ of drawRest()) {
          await pause();
          if (changed) break;
        }
      }
    })().catch(fail).finally(() => { running = null; });
    showControls();
    return running;
  }
  /** The image of the present state, when it stands; the last one after an error, which has been told. */
  async function drawn() {
    while (running && shown?.view !== state) await pause();
    return shown;
  }

  // ---- state and address ---------------------------------------------------------------------------------------
  let addressTimer = 0;
  function set(values) {
    complain("");
    state = new Map([...state, ...Object.entries(values)]);
    clearTimeout(addressTimer);
    addressTimer = setTimeout(() => history.replaceState(null, "", writeAddress(fields, state)), 200);
    return refresh();
  }
  window.addEventListener("hashchange", () => {
    ({ state, complaint } = readAddress(fields, location.hash));
    complain(complaint);
    refresh();
  });

  // ---- controls ------------------------------------------------------------------------------------------------
  const shows = []; // functions that bring a control to the present state
  const bind = (key, input, values = (value) => ({ [key]: value })) => {
    const show = bindNumber(input, fields.get(key), (value) => set(values(value)), complain);
    shows.push(() => show(get(key)));
  };
  const fresh = { x: 0, y: 0 };
  bind("seed", element("seed"), (seed) => ({ seed, ...fresh }));
  bind("number", element("number"), (number) => ({ number, ...fresh }));
  bind("other", element("other"));
  const slide = (key, parent, options) => {
    const show = makeSlider(element(parent), options, (value) => set({ [key]: value }));
    shows.push(() => show(get(key)));
  };
  slide("psi", "sliders", { ...fields.get("psi"), label: "Truncation ψ", step: 0.05 });
  // To the right there is more of the other image: the finest layers first.
  const layers = (count) => count === 0 ? "none" : count === model.num_ws ? "all" :
    `from ${model.style_resolutions[model.num_ws - count]} px on`;
  const showMixing = makeSlider(element("mixing"),
    { label: "Layers of that image", low: 0, high: model.num_ws, step: 1, inWords: layers },
    (count) => set({ from: model.num_ws - count }));
  shows.push(() => showMixing(model.num_ws - get("from")));
  for (const [key, field] of fields) {
    if (field.group === "directions") slide(key, "directions", { ...field, label: field.name });
  }
  model.covariates.forEach(({ name, ...limits }, i) => {
    const key = `c.${name}`;
    const show = makeSlider(element("covariates"), { ...limits, label: name },
      (value) => set({ [key]: value }), () => set({ [key]: null }));
    shows.push(() => show(sourceOf(get("number")).covariates[i], get(key) === null));
  });
  element("covariates-help").hidden = !model.covariates.length;
  element("directions-row").hidden = !model.directions.length;
  if (fields.has("class")) {
    element("class-row").hidden = false;
    element("class").append(...model.classes.map((name) => new Option(name, name)));
    element("class").addEventListener("change", (event) => set({ class: event.target.value }));
    shows.push(() => { element("class").value = get("class"); });
  }
  const showKnob = makePad(element("pad"), element("knob"), (x, y) => set({ x, y }));
  shows.push(() => showKnob(get("x"), get("y")));
  const tiles = Array.from({ length: GRID }, (_, i) => {
    const tile = document.createElement("button");
    tile.type = "button";
    tile.append(document.createElement("canvas"));
    tile.addEventListener("click", () => set({ number: gridStart() + i, ...fresh }));
    return tile;
  });
  element("grid").append(...tiles);
  const openTab = bindTabs([element("tab-grid"), element("tab-difference")], () => {});
  const showNamed = showBadge(element("badge"), about.audit, model.covariates);

  function showControls() {
    shows.forEach((show) => show());
    element("grid-caption").textContent = `Numbers ${gridStart()} to ${gridStart() + GRID - 1} of seed ${get("seed")}`;
    tiles.forEach((tile, i) => {
      const number = gridStart() + i;
      const named = namedByAudit(about.audit, sourceOf(number), false);
      tile.className = named ? `named ${named.kind}` : "";
      tile.setAttribute("aria-label", `Show number ${number}${named ? ", named by the audit" : ""}`);
      tile.setAttribute("aria-pressed", String(number === get("number")));
    });
  }

  // ---- actions -------------------------------------------------------------------------------------------------
  /** All tiles of the present state as one picture. */
  async function saveGrid() {
    while (running) await running;
    if (!seen.grid) return;
    const altered = alterations(fields, state, model.num_ws).filter((key) => key === "psi" || key.startsWith("c."));
    const name = fileNameOf(fields, state, `grid${gridStart()}`, altered);
    savePng(gridCanvas(tiles.map((tile) => tile.firstChild), 4), `${name}.png`);
  }
  const step = (by) => set({ number: Math.min(10 ** 12, Math.max(0, get("number") + by)), ...fresh });
  function useReference(newReference) {
    reference = newReference;
    openTab(1);
    showDifference();
  }
  const actions = {
    random: () => set({ seed: crypto.getRandomValues(new BigUint64Array(1))[0] % 10n ** 9n, number: 0, ...fresh }),
    previous: () => step(-1),
    next: () => step(1),
    corners: () => set({ corners: get("corners") % 10 ** 6 + 1 }),
    home: () => set(fresh),
    save: async () => savePng(element("image"), `${(await drawn()).fileName}.png`),
    "save-grid": saveGrid,
    keep: async () => {
      const { levels, caption } = await drawn();
      useReference({ levels, name: caption });
    },
    link: async () => {
      const link = location.href.split("#")[0] + writeAddress(fields, state);
      history.replaceState(null, "", writeAddress(fields, state));
      try {
        await navigator.clipboard.writeText(link);
        element("status").textContent = "Link copied";
      } catch {
        element("status").textContent = "The link stands in the address bar";
      }
    },
  };
  for (const [id, action] of Object.entries(actions)) element(id).addEventListener("click", action);
  element("controls").addEventListener("submit", (event) => event.preventDefault());
  element("file").addEventListener("change", async ({ target }) => {
    if (!target.files.length) return;
    try {
      useReference({ levels: await readReference(target.files[0], model), name: target.files[0].name.slice(0, 60) });
      complain("");
    } catch (error) {
      complain(error.message);
    }
  });
  const { random, previous, next, save, link, keep } = actions;
  bindKeys({ r: random, ArrowLeft: previous, ArrowRight: next, s: save, l: link, k: keep,
    g: () => openTab(0), d: () => openTab(1) }, () => element("shortcuts").checked);

  element("main").style.setProperty("--shape", model.width / model.height);
  element("facts").textContent = about.summary;
  fillFacts(element("about"), about.facts);
  drawScale(element("scale-colours"));
  await refresh();
  element("starting").hidden = true;
  element("main").setAttribute("aria-busy", "false");
  /** For the browser's console: grey levels (height · width · channels) of an image as it comes from the seed. */
  window.generator = {
    model,
    set,
    levels: async (seed, number, psi = 1, label = 0, given = null) => {
      const covariates = given ?? drawCovariates(model.covariates, seed, number, label);
      const source = { seed: BigInt(seed), number, psi, label, covariates };
      return toLevels(await model.synthesize(await model.map(source), source));
    },
  };
}

function fail(error) {
  element("starting").hidden = true;
  complain(error.message || String(error));
}

start().catch(fail);
