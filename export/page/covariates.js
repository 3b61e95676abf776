// Covariates of an image as people have them, by the rule of export/labels.py: a Gaussian copula between quantiles.

/** The share of standard normal numbers below g, by Marsaglia's series (2004), whose terms have one sign. */
function normalShare(g) {
  if (Math.abs(g) > 8) return g > 0 ? 1 : 0;
  let term = g;
  let sum = g;
  for (let i = 3; sum !== sum + (term *= (g * g) / i); i += 2) sum += term;
  return 0.5 + (sum * density(g)) / Math.sqrt(2 * Math.PI);
}

/** The lower triangle of a symmetric, positive matrix. */
function choleskyFactor(matrix) {
  const factor = matrix.map((row) => row.map(() => 0));
  for (let i = 0; i < matrix.length; i++) {
    for (let j = 0; j <= i; j++) {
      let rest = matrix[i][j];
      for (let k = 0; k < j; k++) rest -= factor[i][k] * factor[j][k];
      factor[i][j] = i === j ? Math.sqrt(rest) : rest / factor[j][j];
    }
  }
  return factor;
}

/** The value at a rank from 0 to 1, linear between evenly spaced quantiles. */
function valueAt(rank, quantiles) {
  const place = rank * (quantiles.length - 1);
  const below = Math.min(quantiles.length - 2, Math.floor(place));
  return quantiles[below] + (place - below) * (quantiles[below + 1] - quantiles[below]);
}

/**
 * Values of image `index` of a seed.
 * @param {{quantiles: number[][], correlations: number[][]}[]} covariates For each class a row: of quantiles, and of
 *   correlations with the covariates before.
 * @param {number} group Number of the class; 0 for a model without.
 */
function drawCovariates(covariates, seed, index, group) {
  if (!covariates.length) return [];
  const normals = standardNormals(philoxWords(seed, index, 2n), covariates.length, DOUBLE);
  const matrix = covariates.map(({ correlations }, i) => covariates.map((other, j) =>
    // Two covariates with the same order are one: a little less than that keeps the matrix positive.
    i === j ? 1 : 0.999 * (i > j ? correlations[group][j] : other.correlations[group][i])));
  const factor = choleskyFactor(matrix);
  return covariates.map(({ quantiles }, i) => {
    const g = factor[i].reduce((sum, share, j) => sum + share * normals[j], 0);
    return Math.fround(valueAt(normalShare(g), quantiles[group]));
  });
}
