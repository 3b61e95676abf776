// The generator: onnxruntime and the two graphs out of this very file, and what is known of them.

/** What onnxruntime was not built for: it needs 128-bit vector instructions (the smallest module that has one). */
const SIMD_MODULE = Uint8Array.of(
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11);

/** One line that says what this browser lacks, or nothing. */
function missingInBrowser() {
  if (typeof WebAssembly !== "object" || !WebAssembly.validate(SIMD_MODULE)) {
    return "This browser has no WebAssembly SIMD, which the generator needs: open the page in a newer one "
      + "(Chrome or Edge 91, Firefox 89, Safari 16.4).";
  }
  if (typeof DecompressionStream !== "function") {
    return "This browser cannot unpack the generator: open the page in a newer one "
      + "(Chrome or Edge 80, Firefox 113, Safari 16.4).";
  }
  return "";
}

/** The bytes that stand in an element of the page as Base64. */
function embedded(id) {
  const element = document.getElementById(id);
  const text = atob(element.textContent);
  element.remove(); // Megabytes that nobody reads twice.
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

const unpacked = async (bytes) =>
  new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();

class Model {
  /** Values of ONNX metadata that are JSON text, and what the page's maker adds: see `about` in build.py. */
  constructor(about, mapping, synthesis) {
    Object.assign(this, { about, mapping, synthesis });
    Object.assign(this, about.numbers); // height, width, channels, z_dim, w_dim, num_ws, classes, noise_sizes, ...
    this.turn = Promise.resolve();
  }

  static async load(about) {
    ort.env.wasm.numThreads = 1;
    ort.env.wasm.proxy = false;
    ort.env.logLevel = "error";
    const binary = new Blob([await unpacked(embedded("runtime"))], { type: "application/wasm" });
    ort.env.wasm.wasmPaths = { "ort-wasm-simd.wasm": URL.createObjectURL(binary) };
    const options = { executionProviders: ["wasm"], graphOptimizationLevel: "all" };
    const sessions = [];
    for (const part of ["mapping", "synthesis"]) {
      const graph = new Uint8Array(await unpacked(embedded(part)));
      sessions.push(await ort.InferenceSession.create(graph, options));
    }
    return new Model(about, ...sessions);
  }

  /** One graph after the other: a session computes one image at a time. */
  run(session, feeds) {
    const result = this.turn.then(() => session.run(feeds));
    this.turn = result.catch(() => {});
    return result;
  }

  /**
   * Styles of an image, (num_ws · w_dim) float32, layer after layer.
   * @param {{seed: bigint, number: number, psi: number, label: number, covariates: number[]}} source
   */
  async map({ seed, number, psi, label, covariates }) {
    const feeds = {
      z: new ort.Tensor("float32", drawLatent(seed, number, this.z_dim), [1, this.z_dim]),
      truncation_psi: new ort.Tensor("float32", Float32Array.of(psi), []),
    };
    const inputs = this.mapping.inputNames;
    if (inputs.includes("label")) feeds.label = new ort.Tensor("int64", BigInt64Array.of(BigInt(label)), [1]);
    if (inputs.includes("covariates")) {
      feeds.covariates = new ort.Tensor("float32", Float32Array.from(covariates), [1, covariates.length]);
    }
    return (await this.run(this.mapping, feeds)).w.data;
  }

  /**
   * Styles to an image: (height · width · channels) float32 in [-1, 1].
   * @param {Float32Array} w As `map` gives it.
   * @param {{seed: bigint, number: number}} source Whose noise it has, if the graph takes noise.
   */
  async synthesize(w, { seed, number }) {
    const feeds = { w: new ort.Tensor("float32", w, [1, this.num_ws, this.w_dim]) };
    if (this.synthesis.inputNames.includes("noise_0")) {
      drawNoise(seed, number, this.noise_sizes).forEach((values, i) => {
        feeds[`noise_${i}`] = new ort.Tensor("float32", values, [1, ...this.noise_sizes[i], 1]);
      });
    }
    return (await this.run(this.synthesis, feeds)).images.data;
  }
}
