// Standard normal float32 numbers by the ziggurat of 256 layers (Marsaglia and Tsang 2000; Doornik 2005), word for word
// as numpy's Generator.standard_normal(dtype=float32) draws them, so that a seed gives the same image here and there.

const TAIL_START = 3.6541528853610088; // of the lowest layer, which has the tail
const LAYER_AREA = 0.004928673233974658; // R·exp(-R²/2) + the tail's integral
const STEPS = 2 ** 23; // positions within a layer
const density = (x) => Math.exp(-0.5 * x * x);

/** Per layer: width of a step, number of steps that are inside for sure, density at the layer's end. */
function zigguratLayers() {
  const edges = new Float64Array(256);
  edges[255] = TAIL_START;
  for (let i = 254; i > 0; i--) {
    edges[i] = Math.sqrt(-2 * Math.log(density(edges[i + 1]) + LAYER_AREA / edges[i + 1]));
  }
  const base = LAYER_AREA / density(TAIL_START);
  const widths = Float32Array.from(edges, (edge, i) => (i ? edge : base) / STEPS);
  const inside = Uint32Array.from(edges, (edge, i) =>
    Math.round((i ? edges[i - 1] / edge : TAIL_START / base) * STEPS));
  return { widths, inside, densities: Float32Array.from(edges, density) };
}

const LAYERS = zigguratLayers();
const INVERSE_TAIL_START = Math.fround(1 / TAIL_START);

/** `count` numbers from a function that gives 32-bit words. */
function standardNormals(next, count) {
  const { widths, inside, densities } = LAYERS;
  const uniform = () => Math.fround((next() >>> 8) / 2 ** 24);
  const exponential = () => Math.fround(-Math.log1p(-uniform()));
  const draw = () => {
    for (;;) {
      const word = next();
      const layer = word & 0xff;
      const step = (word >>> 9) & (STEPS - 1);
      const size = Math.fround(step * widths[layer]);
      const x = word & 0x100 ? -size : size;
      if (step < inside[layer]) return x;
      if (layer === 0) {
        for (;;) {
          const beyond = Math.fround(INVERSE_TAIL_START * exponential());
          const height = exponential();
          // In the tail numpy takes the sign from the position.
          if (Math.fround(height + height) > Math.fround(beyond * beyond)) {
            const far = Math.fround(Math.fround(TAIL_START) + beyond);
            return (step >>> 8) & 1 ? -far : far;
          }
        }
      }
      const drop = Math.fround(densities[layer - 1] - densities[layer]);
      if (Math.fround(Math.fround(drop * uniform()) + densities[layer]) < density(x)) return x;
    }
  };
  return Float32Array.from({ length: count }, draw);
}

/** z of image `index` of a seed. */
const drawLatent = (seed, index, size) => standardNormals(philoxWords(seed, index), size);

/** Noise maps [height, width] of image `index` of a seed, coarse to fine: one stream goes through all of them. */
function drawNoise(seed, index, sizes) {
  const next = philoxWords(seed, index, 1n);
  return sizes.map(([height, width]) => standardNormals(next, height * width));
}
