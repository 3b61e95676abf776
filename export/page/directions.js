// Directions of a file that travelled with the export: they move the styles of the layers that they name.

/** w with every direction added, each times its strength; `w` itself stays as it is. */
function alongDirections(w, model, strengthOf) {
  const moved = Float32Array.from(w);
  for (const { name, first, last, vector } of model.directions) {
    const strength = strengthOf(name);
    if (!strength) continue;
    for (let layer = first; layer < last; layer++) {
      for (let i = 0; i < model.w_dim; i++) moved[layer * model.w_dim + i] += strength * vector[i];
    }
  }
  return moved;
}
