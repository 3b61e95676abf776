// Standard normal numbers by the ziggurat of 256 layers (Marsaglia and Tsang 2000; Doornik 2005), word for word as
// numpy's Generator.standard_normal draws them, float32 and float64, so that a seed gives the same image here and there.

const TAIL_START = 3.6541528853610088; // of the lowest layer, which has the tail
const LAYER_AREA = 0.004928673233974658; // R·exp(-R²/2) + the tail's integral
const density = (x) => Math.exp(-0.5 * x * x);

/** Layers of so many steps: width of a step, number of steps that are inside for sure, density at the layer's end. */
function zigguratLayers(steps, round) {
  const edges = new Float64Array(256);
  edges[255] = TAIL_START;
  for (let i = 254; i > 0; i--) {
    edges[i] = Math.sqrt(-2 * Math.log(density(edges[i + 1]) + LAYER_AREA / edges[i + 1]));
  }
  const base = LAYER_AREA / density(TAIL_START);
  return {
    widths: edges.map((edge, i) => round((i ? edge : base) / steps)),
    inside: edges.map((edge, i) => Math.round((i ? edges[i - 1] / edge : TAIL_START / base) * steps)),
    densities: edges.map((edge) => round(density(edge))),
  };
}

/** float32: a word of 32 bits is layer, sign and step. */
const SINGLE = {
  ...zigguratLayers(2 ** 23, Math.fround), Numbers: Float32Array, round: Math.fround,
  step: (word) => word >>> 9,
  uniform: (next) => Math.fround((next() >>> 8) / 2 ** 24),
};

/** float64: the step goes on in a second word. */
const DOUBLE = {
  ...zigguratLayers(2 ** 52, (value) => value), Numbers: Float64Array, round: (value) => value,
  step: (word, next) => (next() & 0x1fffffff) * 2 ** 23 + (word >>> 9),
  uniform: (next) => {
    const low = next() >>> 11;
    return (next() * 2 ** 21 + low) / 2 ** 53;
  },
};

/** `count` numbers from a function that gives 32-bit words. */
function standardNormals(next, count, { widths, inside, densities, Numbers, round, step, uniform } = SINGLE) {
  const exponential = () => round(-Math.log1p(-uniform(next)));
  const inverse = round(1 / TAIL_START);
  const draw = () => {
    for (;;) {
      const word = next();
      const layer = word & 0xff;
      const steps = step(word, next);
      const size = round(steps * widths[layer]);
      const x = word & 0x100 ? -size : size;
      if (steps < inside[layer]) return x;
      if (layer === 0) {
        for (;;) {
          const beyond = round(inverse * exponential());
          const height = exponential();
          // In the tail numpy takes the sign from the position.
          if (round(height + height) > round(beyond * beyond)) {
            const far = round(round(TAIL_START) + beyond);
            return (word >>> 17) & 1 ? -far : far;
          }
        }
      }
      const drop = round(densities[layer - 1] - densities[layer]);
      if (round(round(drop * uniform(next)) + densities[layer]) < density(x)) return x;
    }
  };
  return Numbers.from({ length: count }, draw);
}

/** z of image `index` of a seed. */
const drawLatent = (seed, index, size) => standardNormals(philoxWords(seed, index), size);

/** Noise maps [height, width] of image `index` of a seed, coarse to fine: one stream goes through all of them. */
function drawNoise(seed, index, sizes) {
  const next = philoxWords(seed, index, 1n);
  return sizes.map(([height, width]) => standardNormals(next, height * width));
}
