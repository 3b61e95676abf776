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
  let levels = null;
  const get = (key) => state.get(key);
  const seen = { grid: "", corners: "", other: "" };

  // ---- what is drawn -------------------------------------------------------------------------------------------
  /** Styles and noise of a number of the present seed, class and truncation. */
  const sourceOf = (number) => ({
    seed: get("seed"), number, psi: get("psi"),
    label: model.classes.length ? model.classes.indexOf(get("class")) : 0,
    covariates: (model.covariates ?? []).map(({ name }) => get(`c.${name}`)),
  });
  const cache = new Map();
  async function stylesOf(number) {
    const source = sourceOf(number);
    const key = JSON.stringify({ ...source, seed: String(source.seed) });
    if (!cache.has(key)) {
      if (cache.size > 64) cache.delete(cache.keys().next().value);
      cache.set(key, await model.map(source));
    }
    return cache.get(key);
  }
  const cornerNumbers = () => [0, 1, 2, 3].map((i) => get("number") + i * get("corners"));

  /** The styles of the whole state: between corners, along directions, fine layers of the other image. */
  async function currentStyles() {
    const [x, y] = [get("x"), get("y")];
    let w = await stylesOf(get("number"));
    if (x || y) {
      const corners = [];
      for (const number of cornerNumbers()) corners.push(await stylesOf(number));
      w = weighted(corners, cornerShares(x, y));
    }
    if (get("from") < model.num_ws) {
      const other = await stylesOf(get("other"));
      const place = get("from") * model.w_dim;
      w = Float32Array.from(w, (value, i) => (i < place ? value : other[i]));
    }
    return alongDirections(w, model, (name) => get(`d.${name}`));
  }
  const plainLevels = async (number) =>
    toLevels(await model.synthesize(await stylesOf(number), sourceOf(number)));

  async function drawImage() {
    const begin = performance.now();
    levels = toLevels(await model.synthesize(await currentStyles(), sourceOf(get("number"))));
    const milliseconds = performance.now() - begin;
    paint(element("image"), levels, model);
    element("image").dataset.milliseconds = milliseconds.toFixed(1);
    element("status").textContent = `${milliseconds.toFixed(0)} ms`;
    showDifference();
  }

  function showDifference() {
    const shown = reference !== null;
    for (const id of ["difference", "scale", "reference"]) element(id).hidden = !shown;
    element("no-reference").hidden = shown;
    if (!shown) return;
    const { map, limit, mean, largest } = difference(levels, reference.levels, model.channels);
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
    const key = JSON.stringify([...pairs.map(([, number]) => number), String(get("seed")), sourceOf(0).psi,
      sourceOf(0).label, sourceOf(0).covariates]);
    if (seen[name] === key) return;
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
        showState();
        await drawImage();
        await pause();
        for await (const _ of drawRest()) {
          await pause();
          if (changed) break;
        }
      }
    })().catch(fail).finally(() => { running = null; });
    return running;
  }

  // ---- state and address ---------------------------------------------------------------------------------------
  let addressTimer = 0;
  function set(values) {
    complain("");
    for (const [key, value] of Object.entries(values)) state.set(key, value);
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
  slide("psi", "sliders", { label: "Truncation ψ", low: 0, high: 1.5, step: 0.05 });
  // To the right there is more of the other image: the finest layers first.
  const layers = (count) => count === 0 ? "none" : count === model.num_ws ? "all" :
    `from ${model.style_resolutions[model.num_ws - count]} px on`;
  const showMixing = makeSlider(element("mixing"),
    { label: "Layers of that image", low: 0, high: model.num_ws, step: 1, inWords: layers },
    (count) => set({ from: model.num_ws - count }));
  shows.push(() => showMixing(model.num_ws - get("from")));
  for (const [key, { group, name, low, high, note }] of fields) {
    if (group) slide(key, group, { label: name, note, low, high, step: (high - low) / 100 });
  }
  element("directions-row").hidden = !model.directions?.length;
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
  const showNamed = showBadge(element("badge"), about.audit);

  function showState() {
    shows.forEach((show) => show());
    const plain = !get("x") && !get("y") && get("from") === model.num_ws
      && (model.directions ?? []).every(({ name }) => !get(`d.${name}`));
    const label = fields.has("class") ? `, ${get("class")}` : "";
    const text = `Seed ${get("seed")}, number ${get("number")}${label}${plain ? "" : ", altered"}`;
    element("caption").textContent = text;
    element("image").setAttribute("aria-label", `Synthetic image: ${text}`);
    element("grid-caption").textContent = `Numbers ${gridStart()} to ${gridStart() + GRID - 1} of seed ${get("seed")}`;
    tiles.forEach((tile, i) => {
      tile.setAttribute("aria-label", `Show number ${gridStart() + i}`);
      tile.setAttribute("aria-pressed", String(gridStart() + i === get("number")));
    });
    showNamed(plain && (about.audit?.named ?? []).some(([label, number]) => number === get("number")
      && label === sourceOf(0).label && String(get("seed")) === about.audit.seed));
    return { plain, text };
  }

  // ---- actions -------------------------------------------------------------------------------------------------
  const fileName = () => {
    const prefix = fields.has("class") ? `${get("class")}_` : "";
    const name = `${prefix}seed${get("seed")}_${String(get("number")).padStart(5, "0")}`;
    return `${name}${showState().plain ? "" : "_altered"}.png`;
  };
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
    save: () => savePng(element("image"), fileName()),
    "save-grid": () => savePng(gridCanvas(tiles.map((tile) => tile.firstChild), 4),
      `seed${get("seed")}_grid${gridStart()}.png`),
    keep: () => useReference({ levels, name: showState().text }),
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
    levels: async (seed, number, psi = 1, label = 0, covariates = sourceOf(0).covariates) => {
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
