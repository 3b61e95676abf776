// Controls made of the table of fields: what a model has no field for has no control.

/** A number with the digits of a slider's step, or more where it lies between two steps. */
function inDigits(value, step) {
  const digits = Math.max(0, -Math.floor(Math.log10(step)));
  const short = value.toFixed(digits);
  return Math.abs(Number(short) - value) < 1e-9 ? short : value.toFixed(Math.max(2, digits + 1));
}

/**
 * A slider with its name and value, appended to a parent. Its ends are exact, between them are multiples of the step.
 * @param {function(number)} changed Told where it was moved to.
 * @param {function()} [release] Of a value that may be drawn for every image: told that it is to be.
 * @returns {function(number, boolean)} Shows a value, and whether it is drawn.
 */
function makeSlider(parent, options, changed, release) {
  const { label, low, high, step, note = "", inWords = (value) => inDigits(value, step) } = options;
  const row = document.createElement("div");
  row.className = "slider";
  const head = document.createElement("div");
  head.className = "name";
  const output = document.createElement("output");
  const input = document.createElement("input");
  const id = `slider-${document.querySelectorAll(".slider").length}`;
  const [first, last] = [Math.floor(low / step + 1e-9) * step, Math.ceil(high / step - 1e-9) * step];
  Object.assign(input, { type: "range", min: inDigits(first, step), max: inDigits(last, step), step, id });
  // Beside the output, not around it: a label around both would name the output.
  const name = document.createElement("label");
  name.textContent = label;
  name.htmlFor = input.id;
  head.append(name, output);
  const within = (value) => Math.min(high, Math.max(low, value));
  let current = { value: low, free: false };
  const drawn = document.createElement("button");
  if (release) {
    Object.assign(drawn, { type: "button", className: "drawn", textContent: "drawn" });
    drawn.setAttribute("aria-label", `${label} drawn for every image as people have it`);
    drawn.addEventListener("click", () => {
      if (current.free) changed(within(Number(inDigits(current.value, step))));
      else release();
    });
    head.append(drawn);
  }
  row.append(head, input);
  if (note) {
    const small = document.createElement("small");
    small.textContent = note;
    row.append(small);
  }
  parent.append(row);
  input.addEventListener("input", () => changed(within(input.valueAsNumber)));
  return (value, free = false) => {
    current = { value, free };
    drawn.setAttribute("aria-pressed", String(free));
    input.value = value;
    output.textContent = inWords(value);
    input.setAttribute("aria-valuetext", free ? `${output.textContent}, drawn` : output.textContent);
  };
}

/** A text field for whole numbers. `changed` is told legal values; others are marked and `refused` told why. */
function bindNumber(input, field, changed, refused) {
  input.addEventListener("change", () => {
    const value = readValue(field, input.value.trim());
    input.setAttribute("aria-invalid", String(value === undefined));
    if (value === undefined) {
      refused(`${field.key} must be ${limitsInWords(field)}. Received: ${input.value.slice(0, 60)}`);
    } else changed(value);
  });
  return (value) => {
    input.value = value;
    input.setAttribute("aria-invalid", "false");
  };
}

/** Tabs with arrow keys (WAI-ARIA's pattern). Returns a function that opens one by its index. */
function bindTabs(tabs, opened) {
  const open = (index) => {
    tabs.forEach((tab, i) => {
      tab.setAttribute("aria-selected", String(i === index));
      tab.tabIndex = i === index ? 0 : -1;
      document.getElementById(tab.getAttribute("aria-controls")).hidden = i !== index;
    });
    opened(index);
  };
  tabs.forEach((tab, i) => {
    tab.addEventListener("click", () => open(i));
    tab.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
      const other = (i + (event.key === "ArrowRight" ? 1 : tabs.length - 1)) % tabs.length;
      open(other);
      tabs[other].focus();
      event.preventDefault();
      event.stopPropagation();
    });
  });
  return open;
}

/** Single keys, while nobody types and they are switched on. */
function bindKeys(actions, on) {
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input:not([type=checkbox]), select, textarea");
    if (typing || !on() || event.ctrlKey || event.metaKey || event.altKey) return;
    const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}

/** A definition list of what is known of the model. */
function fillFacts(list, facts) {
  for (const [name, value] of facts) {
    const term = document.createElement("dt");
    const text = document.createElement("dd");
    term.textContent = name;
    text.textContent = value;
    list.append(term, text);
  }
}

/** The audit's badge: a verdict and distances, never an image. Nothing where there was no audit. */
function showBadge(badge, audit, covariates) {
  if (!audit) return () => {};
  const words = {
    clear: ["good", "✓ Audit: no sign of copies"],
    close: ["notice", "! Audit: close to training images"],
    undecided: ["notice", "! Audit: undecided"],
    copies: ["bad", "✗ Audit: copies training images"],
  };
  const percent = (share) => `${(100 * share).toFixed(1)} %`;
  const figures = `Distance to the nearest training image: 99 % of new people's images are farther away than `
    + `${audit.threshold.toFixed(3)} (root mean square difference, the full range counts as 1). Of ${audit.count} `
    + `generated images ${percent(audit.share)} are closer; 1 % is expected of new people.`;
  const ofNamed = {
    image: ["bad", "✗ Audit: names this very image",
      () => "This image resembles one training subject far more than any other. Do not share it. "],
    number: ["notice", "! Audit: names this number", (asked) => {
      const values = asked.map((value, i) => `${covariates[i].name} ${value}`).join(", ");
      return `The audit has named the image of this seed and number as it comes${values && `, for ${values}`}. `
        + "This one it has not seen: it may resemble the same training subject. ";
    }],
  };
  const show = (named) => {
    const [level, text, warning = () => ""] = named ? ofNamed[named.kind] : words[audit.verdict];
    badge.className = `badge ${level}`;
    badge.querySelector("summary").textContent = text;
    badge.querySelector("p").textContent = warning(named?.asked) + figures;
  };
  badge.hidden = false;
  return show;
}
