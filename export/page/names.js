// What an image is called, and what the audit has said of it: both depend on all that it is made of.

/** Keys of the state that make the image another one than that of its seed, number and class as it comes. */
function alterations(fields, state, numWs) {
  const placed = Boolean(state.get("x") || state.get("y"));
  const mixed = state.get("from") < numWs;
  const matters = { seed: false, number: false, class: false, corners: placed, other: mixed };
  return [...fields.values()].filter(({ key, value }) => state.get(key) !== value && (matters[key] ?? true))
    .map(({ key }) => key);
}

/** One line for people: seed, number, class and what was altered. */
function captionOf(fields, state, altered) {
  const parts = [`Seed ${state.get("seed")}, number ${state.get("number")}`];
  if (fields.has("class")) parts.push(state.get("class"));
  if (altered.includes("psi")) parts.push(`ψ ${state.get("psi")}`);
  for (const key of altered) if (key.startsWith("c.")) parts.push(`${key.slice(2)} ${state.get(key)}`);
  if (altered.includes("x") || altered.includes("y")) parts.push("between four images");
  if (altered.includes("from")) parts.push(`fine styles of number ${state.get("other")}`);
  for (const key of altered) {
    const value = state.get(key);
    if (key.startsWith("d.")) parts.push(`${key.slice(2)} ${value > 0 ? "+" : "−"}${Math.abs(value)} sd`);
  }
  return parts.join(", ");
}

/** A file's name without its ending: that of `generate`, and then what was altered as it stands in the address. */
function fileNameOf(fields, state, place, altered) {
  const parts = fields.has("class") ? [state.get("class")] : [];
  parts.push(`seed${state.get("seed")}`, place, ...altered.map((key) => `${key}=${state.get(key)}`));
  // No system has these letters for itself, and none takes names without end.
  return parts.join("_").replace(/[^\p{L}\p{N}_.=+-]+/gu, "-").slice(0, 200);
}

/**
 * What the audit has said of an image.
 * @param audit Of the page's data, or null.
 * @param {{seed: bigint, number: number, psi: number, label: number, covariates: number[]}} source
 * @param {boolean} moved Whether its styles are others than those of the source.
 * @returns {{kind: "image" | "number", asked: number[]} | null} "image": it has named this very image; "number": it has
 *   named the one of this seed, number and class as it was audited, for the covariates `asked`.
 */
function namedByAudit(audit, { seed, number, psi, label, covariates }, moved) {
  if (!audit || String(seed) !== audit.seed) return null;
  const found = audit.named.find((entry) => entry[0] === label && entry[1] === number);
  if (!found) return null;
  const asked = found[2] ?? [];
  const same = asked.length === covariates.length
    && asked.every((value, i) => Math.fround(value) === Math.fround(covariates[i]));
  return { kind: same && psi === 1 && !moved ? "image" : "number", asked };
}
