// What is shown, as named values with limits. One table makes the controls, reads the address and writes it.

const LARGEST_SEED = (1n << 64n) - 1n;

/**
 * The fields of a model: key (in the address), kind, limits and what a fresh page has.
 * Covariates and directions come from the model itself: `c.NAME` and `d.NAME`.
 */
function fieldsOf(model) {
  const whole = (key, low, high, value) => ({ key, kind: "whole", low, high, value });
  const real = (key, low, high, value, more = {}) => ({ key, kind: "real", low, high, value, ...more });
  const fields = [
    { key: "seed", kind: "seed", low: 0n, high: LARGEST_SEED, value: 0n },
    whole("number", 0, 10 ** 12, 0),
    real("psi", -2, 2, 1),
    real("x", PAD_LOW, PAD_HIGH, 0),
    real("y", PAD_LOW, PAD_HIGH, 0),
    whole("corners", 1, 10 ** 6, 1),
    whole("other", 0, 10 ** 12, 1),
    whole("from", 0, model.num_ws, model.num_ws),
  ];
  if (model.classes.length) {
    fields.push({ key: "class", kind: "choice", choices: model.classes, value: model.classes[0] });
  }
  // Null: drawn for every image as people have it.
  for (const { name, low, high, step } of model.covariates) {
    fields.push(real(`c.${name}`, low, high, null, { name, step, group: "covariates" }));
  }
  for (const { name, limit, note } of model.directions) {
    fields.push(real(`d.${name}`, -limit, limit, 0, { name, note, step: 0.05, group: "directions" }));
  }
  return new Map(fields.map((field) => [field.key, field]));
}

const limitsInWords = (field) =>
  field.kind === "choice" ? `one of ${field.choices.join(", ")}` :
  field.kind === "seed" ? "a whole number from 0 to 2^64 − 1" :
  `${field.kind === "whole" ? "a whole number " : ""}from ${field.low} to ${field.high}`;

/** The value that a text means, or undefined: no text is trusted. */
function readValue(field, text) {
  if (field.kind === "choice") return field.choices.includes(text) ? text : undefined;
  const form = { seed: /^\d{1,20}$/, whole: /^\d{1,13}$/, real: /^-?\d{1,12}(\.\d{1,20})?(e-\d{1,2})?$/ }[field.kind];
  if (!form.test(text)) return undefined;
  const value = field.kind === "seed" ? BigInt(text) : Number(text);
  return value >= field.low && value <= field.high ? value : undefined;
}

const freshState = (fields) => new Map([...fields.values()].map(({ key, value }) => [key, value]));

/**
 * The state that an address names after its `#`.
 * @returns {{state: Map, complaint: string}} Values that are not legal are left out; the complaint tells the first one.
 */
function readAddress(fields, hash) {
  const state = freshState(fields);
  let complaint = "";
  for (const [key, text] of new URLSearchParams(hash.slice(1, 4000))) {
    const field = fields.get(key);
    const value = field && readValue(field, text);
    if (value !== undefined) state.set(key, value);
    else {
      const wanted = field ? `must be ${limitsInWords(field)}` : "is not known to this model";
      complaint ||= `The link's ${key.slice(0, 40) || "value"} ${wanted}. Received: ${text.slice(0, 60)}`;
    }
  }
  return { state, complaint };
}

/** The part of an address from its `#` on: the seed and whatever differs from a fresh page. */
function writeAddress(fields, state) {
  const parts = new URLSearchParams();
  for (const [key, { value }] of fields) {
    const current = state.get(key);
    if (key === "seed" || key === "number" || current !== value) parts.set(key, String(current));
  }
  return `#${parts}`;
}
