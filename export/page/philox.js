// The random words of image `index` of a seed: Philox-4x64-10 (Salmon et al. 2011) with the key (seed, index), in the
// order in which numpy's Generator(Philox(key=[seed, index], counter=[0, 0, 0, last])) hands them out as 32-bit words.

const WORD = (1n << 64n) - 1n;
const MULTIPLIERS = [0xd2e7470ee14c6c93n, 0xca5a826395121157n];
const WEYL = [0x9e3779b97f4a7c15n, 0xbb67ae8584caa73bn];

/** One block: four 64-bit words of a counter of four and a key of two, all BigInt. */
function philoxBlock(counter, key) {
  let [a, b, c, d] = counter;
  let [k, l] = key;
  for (let round = 0; round < 10; round++) {
    const first = MULTIPLIERS[0] * a;
    const second = MULTIPLIERS[1] * c;
    [a, b, c, d] = [(second >> 64n) ^ b ^ k, second & WORD, (first >> 64n) ^ d ^ l, first & WORD];
    k = (k + WEYL[0]) & WORD;
    l = (l + WEYL[1]) & WORD;
  }
  return [a, b, c, d];
}

/** A function that gives the next 32-bit word at every call: of each 64 bits the lower half first. */
function philoxWords(seed, index, last = 0n) {
  const key = [BigInt(seed), BigInt(index)];
  let count = 0n;
  let words = [];
  return () => {
    if (words.length === 0) {
      // numpy counts first and draws then. No image draws 2^64 blocks: the carry is left out.
      count += 1n;
      const block = philoxBlock([count, 0n, 0n, last], key);
      words = block.flatMap((word) => [Number(word & 0xffffffffn), Number(word >> 32n)]).reverse();
    }
    return words.pop();
  };
}
